import { describe, expect, test } from 'vitest';
import { ERROR_CATALOGUE } from '#src/errors.ts';
import { compileSchema } from '#src/gateway/validation.ts';
import { startApplication } from '../../support/start-application.ts';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const ROUTES = [
  'post /query', 'post /feedback', 'get /sessions', 'get /sessions/{id}', 'delete /sessions/{id}', 'post /sessions/{id}/cancel',
  'get /sessions/{id}/events', 'post /index', 'post /documents', 'get /documents', 'get /documents/{id}', 'delete /documents/{id}',
  'post /reindex', 'get /jobs', 'get /jobs/{id}', 'post /jobs/{id}/cancel', 'get /stats', 'get /health', 'get /livez', 'get /readyz',
  'get /metrics', 'get /admin/tree', 'get /admin/models', 'put /admin/models', 'get /admin/events', 'get /admin/actors/{name}', 'post /admin/actors/{name}/kill',
  'post /admin/cache/clear', 'post /admin/fuses/{name}/blow', 'post /admin/fuses/{name}/reset', 'get /admin/crashes', 'get /admin/crashes/{id}',
]; // prettier-ignore

async function document(): Promise<Document> {
  const { url } = await startApplication();
  return (await (await fetch(`${url}/docs/json`)).json()) as Document;
}

function operations({ paths }: Document): [string, Operation][] {
  return Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]));
}

describe('/docs', () => {
  test('the document has every route of the service and no other', async () => {
    const { openapi, paths } = await document();
    expect(openapi).toBe('3.1.0');
    expect(operations({ openapi, paths }).map(([route]) => route).toSorted()).toEqual(ROUTES.toSorted());
  });

  test('every route says what it does and with which codes it refuses', async () => {
    for (const [route, { summary, tags, responses }] of operations(await document())) {
      expect([route, summary === undefined, tags?.length]).toEqual([route, false, 1]);
      const codes = JSON.stringify(responses).match(/`([A-Z_]+)`/g) ?? [];
      expect(codes.length).toBeGreaterThanOrEqual(3);
      for (const code of codes) expect(ERROR_CATALOGUE).toHaveProperty(code.slice(1, -1));
    }
  });

  test('the examples of every body are valid', async () => {
    let checked = 0;
    for (const [, { requestBody }] of operations(await document())) {
      for (const { schema, example } of Object.values(requestBody?.content ?? {})) {
        if (example === undefined) continue;
        const validate = compileSchema(schema);
        expect([example, validate(example), validate.errors]).toEqual([example, true, null]);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThanOrEqual(4);
  });

  test('every reference leads to a part of the document', async () => {
    const parts = await document();
    const references = [...JSON.stringify(parts).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference);
    for (const reference of references) expect(parts).toHaveProperty(reference.replace('#/', '').split('/'));
  });

  test('people read it in a browser', async () => {
    const { url } = await startApplication();
    for (const path of ['docs', 'docs/']) {
      const response = await fetch(`${url}/${path}`);
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('swagger-ui')]);
    }
  });

  test('what is not there is refused as everywhere', async () => {
    const { url } = await startApplication();
    const response = await fetch(`${url}/docs/nothing`);
    expect([response.status, await response.json()]).toEqual([404, { error: expect.objectContaining({ code: 'ROUTE_NOT_FOUND', retryable: false }) }]);
  });
});
