import { fastify } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ServiceError } from '#src/errors.ts';
import { replyToMalformedHttp, replyWithError } from '#src/gateway/error-reply.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import { eventually } from '../../support/eventually.ts';
import { RawSocket } from './raw-socket.ts';

/** A server whose one route throws; `lines` are what it logged. */
async function failing(error: unknown): Promise<{ readonly url: string; readonly lines: Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const loggerFor = await createLogging({ level: 'info', isPretty: false, destination: { write } });
  const app = fastify();
  app.setErrorHandler((thrown, request, reply) => replyWithError(thrown, request, reply, loggerFor('gateway')));
  app.get('/fail', () => {
    throw error;
  });
  onTestFinished(() => app.close());
  return { url: `${await app.listen({ port: 0, host: '127.0.0.1' })}/fail`, lines };
}

/** A server whose one route begins a stream and never ends it. */
async function streaming(): Promise<{ readonly url: string; connections(): Promise<number> }> {
  const app = fastify({ clientErrorHandler: replyToMalformedHttp, forceCloseConnections: true });
  app.get('/stream', (_request, reply) => void reply.hijack().raw.write('first'));
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const connections = (): Promise<number> => new Promise((resolve) => app.server.getConnections((_error, count) => resolve(count)));
  return { url, connections };
}

describe('replyWithError', () => {
  test.for<[string, unknown]>([
    ['an error', new TypeError('password of the database: hunter2')],
    ['an error that names a status of its own', Object.assign(new Error('hunter2'), { statusCode: 503 })],
    ['something that is no error', 'hunter2'],
  ])('%s is told as INTERNAL and logged with the id that the client has', async ([, thrown]) => {
    const { url, lines } = await failing(thrown);
    const response = await fetch(url);
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toEqual([500, { error: { code: 'INTERNAL', message: expect.any(String) as string, retryable: false } }]);
    expect(text + JSON.stringify([...response.headers])).not.toMatch(/hunter2|stack|node_modules/);
    expect(lines).toMatchObject([{ level: 'error', target: 'gateway', request: response.headers.get('x-request-id'), route: '/fail' }]);
  });

  test('a refusal of ours keeps its code, its details and its time to wait, and is not logged', async () => {
    const details = [{ field: 'top_k', expected: 'a whole number from 1 to 50', got: '0' }];
    const { url, lines } = await failing(new ServiceError('OVERLOADED', 'for the log only', { details, retryAfterMs: 1500 }));
    const response = await fetch(url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await response.json()).toMatchObject({ error: { code: 'OVERLOADED', retryable: true, retry_after_ms: 1500, details } });
    expect(lines).toEqual([]);
  });
});

describe('replyToMalformedHttp', () => {
  test('hangs up though the client keeps its half of the connection open', async () => {
    const { url, connections } = await streaming();
    const client = await RawSocket.open(url);
    client.socket.write('NONSENSE\r\n\r\n');
    await client.ended;
    expect(client.received).toMatch(/^HTTP\/1.1 400 .*INVALID_REQUEST/s);
    await eventually(async () => expect(await connections()).toBe(0));
  });

  test('says nothing in the middle of a reply', async () => {
    const { url, connections } = await streaming();
    const client = await RawSocket.open(url);
    client.request('GET', '/stream');
    await eventually(() => expect(client.received).toContain('first'));
    client.socket.write('NONSENSE\r\n\r\n');
    await client.ended;
    expect(client.received.match(/HTTP\/1.1/g)).toHaveLength(1);
    await eventually(async () => expect(await connections()).toBe(0));
  });
});
