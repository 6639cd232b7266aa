import { describe, expect, test } from 'vitest';
import { TreeNode } from '#src/gateway/schemas/status.ts';
import { compileSchema } from '#src/gateway/validation.ts';
import { eventually } from '../../../support/eventually.ts';
import { startApplication } from '../../../support/start-application.ts';
import { ChatClient } from '../chat-client.ts';
import { EventReader } from '../event-reader.ts';
import { call, index, QUESTION } from '../rest-client.ts';

interface Node {
  readonly id: string;
  readonly name: string | null;
  readonly restarts: number;
  readonly started_at: string | null;
  readonly children: readonly Node[];
}

function nodesOf(node: Node): readonly Node[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

describe('admin', () => {
  test('the tree has the parts of the service, in the shape that is documented', async () => {
    const { url } = await startApplication();
    const { body } = await call(`${url}/admin/tree`);
    const validate = compileSchema(TreeNode);
    const faults = nodesOf(body as unknown as Node).flatMap((node) => (validate(node as unknown) ? [] : [{ id: node.id, errors: validate.errors }]));
    expect(faults).toEqual([]);
    const names = (body as unknown as Node).children.map(({ name }) => name);
    expect(names).toEqual(['store', 'guards', 'providers', 'rag', 'ingest', 'frames', 'sessions', 'adopter', 'health', 'gateway']);
    expect(body).toMatchObject({ id: 'banyan', type: 'supervisor', strategy: 'one_for_one', status: 'running', restarts: 0 });
  });

  test('an actor that is killed is restarted: the tree, the events and the metrics show it', async () => {
    const { url } = await startApplication();
    const events = await EventReader.open(`${url}/admin/events`);
    const before = (await call(`${url}/admin/actors/cache`)).body as unknown as Node;
    expect((await call(`${url}/admin/actors/cache/kill`, 'POST')).body).toEqual({ killed: 'cache' });
    const restart = await events.until('restart');
    expect(restart.data).toMatchObject({ type: 'restart', supervisor: 'guards', child: { id: 'cache' }, restarts: 1 });
    expect(events.events.find(({ event }) => event === 'exit')?.data).toMatchObject({ child: { id: 'cache' }, reason: { kind: 'killed' } });
    const after = (await call(`${url}/admin/actors/cache`)).body as unknown as Node;
    expect([before.restarts, after.restarts]).toEqual([0, 1]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('banyan_actor_restarts_total{actor="cache",supervisor="guards"} 1');
  });

  test('supervisors can be looked at and killed by name as well', async () => {
    const { url } = await startApplication();
    expect((await call(`${url}/admin/actors/guards`)).body).toMatchObject({ strategy: 'one_for_one', children: [{ id: 'cache' }, { id: 'rate-limit' }, { id: 'governors' }, { id: 'fuses' }] });
    await call(`${url}/admin/actors/guards/kill`, 'POST');
    await eventually(async () => expect((await call(`${url}/admin/actors/guards`)).body).toMatchObject({ restarts: 1, status: 'running' }));
  });

  test('the cache is emptied on request', async () => {
    const { url } = await startApplication();
    await index(url);
    await call(`${url}/query`, 'POST', { question: QUESTION });
    const { removed } = (await call(`${url}/admin/cache/clear`, 'POST')).body;
    expect(removed).toBeGreaterThan(0);
    expect((await call(`${url}/query`, 'POST', { question: QUESTION })).body['cache_hit']).toBe(false);
  });

  test('a fuse is blown and reset by its name, which holds colons; a cached answer is served meanwhile', async () => {
    const { url } = await startApplication();
    await index(url);
    await call(`${url}/query`, 'POST', { question: QUESTION });
    const [fuse] = ((await call(`${url}/admin/actors/fuses`)).body as unknown as Node).children;
    const path = `${url}/admin/fuses/${fuse?.name}`;
    expect((await call(`${path}/blow`, 'POST')).body).toEqual({ fuse: fuse?.name, state: 'blown' });
    expect((await call(`${url}/admin/actors/${fuse?.name}`)).body['state']).toBe('open');
    expect((await call(`${url}/query`, 'POST', { question: QUESTION })).body['cache_hit']).toBe(true);
    expect((await call(`${path}/reset`, 'POST')).body).toEqual({ fuse: fuse?.name, state: 'closed' });
  });

  test('names that nobody has are refused', async () => {
    const { url } = await startApplication();
    expect((await call(`${url}/admin/actors/nobody`)).body.error?.code).toBe('ACTOR_NOT_FOUND');
    expect((await call(`${url}/admin/actors/nobody/kill`, 'POST')).body.error?.code).toBe('ACTOR_NOT_FOUND');
    expect((await call(`${url}/admin/fuses/fuse:none/blow`, 'POST')).body.error?.code).toBe('FUSE_NOT_FOUND');
    expect((await call(`${url}/admin/fuses/cache/reset`, 'POST')).body.error?.code).toBe('FUSE_NOT_FOUND');
  });

  test('a kill that a foreign page asks for is refused', async () => {
    const { url } = await startApplication();
    const { status } = await call(`${url}/admin/actors/cache/kill`, 'POST', undefined, { origin: 'https://evil.example' });
    expect(status).toBe(403);
    expect((await call(`${url}/admin/actors/cache`)).body['restarts']).toBe(0);
  });
});

describe('status', () => {
  test('a whole service is healthy, alive and ready', async () => {
    const { url } = await startApplication();
    const { body } = await call(`${url}/health`);
    expect(body).toMatchObject({ status: 'healthy', components: { store: 'up', cache: 'up' } });
    expect(body['uptime_seconds']).toBeGreaterThan(0);
    expect((await call(`${url}/livez`)).body).toEqual({ status: 'alive' });
    expect((await call(`${url}/readyz`)).body).toEqual({ status: 'ready' });
  });

  test('statistics are zeros while nobody counts, and the service answers on', async () => {
    const { url, kernel } = await startApplication();
    await kernel.supervisor('rag').terminateChild('rag-agent');
    expect((await call(`${url}/stats`)).body).toMatchObject({ queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 });
    expect((await call(`${url}/livez`)).status).toBe(200);
  });

  test('metrics are those that are documented, and count questions and sockets', async () => {
    const { url } = await startApplication();
    await index(url);
    const client = await ChatClient.open(url);
    await client.ofType('ready');
    for (const _ of [1, 2]) await call(`${url}/query`, 'POST', { question: QUESTION });
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toMatch('text/plain');
    const text = await response.text();
    const expected = [
      'rag_queries_total 2', 'rag_cache_hits_total 1', 'rag_cache_misses_total 1', 'rag_query_duration_seconds_bucket{le="0.1"} 2',
      'rag_active_requests 0', 'banyan_sockets 1',
    ]; // prettier-ignore
    for (const line of expected) expect(text).toContain(`${line}\n`);
    expect(text).not.toContain(QUESTION);
  });
});
