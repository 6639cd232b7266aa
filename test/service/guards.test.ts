import { describe, expect, test } from 'vitest';
import { ChatClient } from '../src/gateway/chat-client.ts';
import { call } from '../src/gateway/rest-client.ts';
import { eventually } from '../support/eventually.ts';
import type { CloudService } from './cloud-service.ts';
import { ANSWER, ask, GEMINI, NOVA, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

const ACCOUNT = 'gemini/key-1/gemini-3.8-flash';

interface Node {
  readonly name: string | null;
  readonly state?: string;
  readonly children: readonly Node[];
}

/** The state of a process as `/admin/tree` shows it. */
async function stateOf({ url }: CloudService, name: string): Promise<string | undefined> {
  const { body } = await call(`${url}/admin/tree`);
  return find((body['root'] ?? body) as unknown as Node, name)?.state;
}

function find(node: Node, name: string): Node | undefined {
  if (node.name === name) return node;
  for (const child of node.children) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('the fuse of a model', () => {
  test('opens at the sixth failure, spares Gemini, half-opens after its time and closes by one probe (features A18)', async () => {
    const service = await startCloudService({ env: { BANYAN_FUSE_RESET_MS: '600', BANYAN_PROVIDER_ATTEMPTS: '1' } });
    const { url, emulators } = service;
    emulators.gemini.script({ path: PATHS.generate, error: 'unavailable', times: 6 });
    for (let n = 1; n <= 6; n += 1) {
      expect(await stateOf(service, `fuse:${ACCOUNT}`)).toBe(n === 1 ? undefined : 'closed');
      expect((await ask(url, QUESTION, { temperature: n / 10 })).end).toMatchObject({ answer: ANSWER, model: NOVA });
    }
    expect(await stateOf(service, `fuse:${ACCOUNT}`)).toBe('open');
    expect((await ask(url, QUESTION, { temperature: 0.7 })).end).toMatchObject({ answer: ANSWER, model: NOVA });
    expect(requestsOf(emulators.gemini, PATHS.generate)).toHaveLength(6);
    await eventually(async () => expect(await stateOf(service, `fuse:${ACCOUNT}`)).toContain('half-open'));
    expect((await ask(url, QUESTION, { temperature: 0.8 })).end).toMatchObject({ answer: ANSWER, model: GEMINI });
    await eventually(async () => expect(await stateOf(service, `fuse:${ACCOUNT}`)).toBe('closed'));
  });

  test('opens again when the probe fails', async () => {
    const service = await startCloudService({ env: { BANYAN_FUSE_RESET_MS: '300', BANYAN_FUSE_MELTS: '1', BANYAN_PROVIDER_ATTEMPTS: '1' } });
    const { url, emulators } = service;
    emulators.gemini.script({ path: PATHS.generate, cutAtByte: 10, times: 3 });
    await ask(url, QUESTION, { temperature: 0.1 });
    await ask(url, QUESTION, { temperature: 0.2 });
    await eventually(async () => expect(await stateOf(service, `fuse:${ACCOUNT}`)).toContain('half-open'));
    expect((await ask(url, QUESTION, { temperature: 0.3 })).end['model']).toBe(NOVA);
    expect(await stateOf(service, `fuse:${ACCOUNT}`)).toBe('open');
  });

  test('does not mind refusals: throttling, blocks, wrong requests', async () => {
    const service = await startCloudService({ env: { BANYAN_FUSE_MELTS: '1', BANYAN_PROVIDER_ATTEMPTS: '1' } });
    const { url, emulators } = service;
    for (const [at, error] of ['blocked', 'bad_request', 'not_found', 'blocked', 'bad_request'].entries()) {
      emulators.gemini.script({ path: PATHS.generate, error });
      await ask(url, QUESTION, { temperature: at / 10 });
    }
    expect(await stateOf(service, `fuse:${ACCOUNT}`)).toBe('closed');
    expect((await ask(url)).end).toMatchObject({ model: GEMINI });
  });
});

describe('the governor of a model', () => {
  test('is visible with its state, paused after a throttle', async () => {
    const service = await startCloudService({ env: { BANYAN_PROVIDER_ATTEMPTS: '1' } });
    const { url, emulators } = service;
    await ask(url, QUESTION, { temperature: 0.1 });
    expect(await stateOf(service, `governor:${ACCOUNT}`)).toBe('free');
    emulators.gemini.script({ path: PATHS.generate, error: 'throttled:30s' });
    await ask(url, QUESTION, { temperature: 0.2 });
    await eventually(async () => expect(await stateOf(service, `governor:${ACCOUNT}`)).toBe('paused'));
  });

  test('that has to wait longer than a moment sends a question to the next model at once', async () => {
    const service = await startCloudService({ env: { BANYAN_PROVIDER_ATTEMPTS: '1' } });
    const { url, emulators } = service;
    emulators.gemini.script({ path: PATHS.generate, error: 'throttled:5s' });
    for (const temperature of [0.1, 0.2, 0.3]) {
      const startedAt = performance.now();
      expect((await ask(url, QUESTION, { temperature })).end).toMatchObject({ answer: ANSWER, model: NOVA, degraded: [] });
      expect(performance.now() - startedAt).toBeLessThan(3500);
    }
  });

  test('lets questions wait for the only model, and tells that they are queued', async () => {
    const { url, emulators } = await startCloudService({ env: { BANYAN_MODELS: GEMINI } });
    emulators.gemini.script({ path: PATHS.generate, error: 'throttled:1s' });
    await ask(url, QUESTION, { temperature: 0.1 });
    const { end, stages } = await ask(url, QUESTION, { temperature: 0.2 });
    expect(stages).toContain('queued');
    expect(end).toMatchObject({ answer: ANSWER, model: GEMINI, degraded: [] });
  });
});

test('an answer does not mind that the processes around it are killed', async () => {
  const { url, emulators, kernel } = await startCloudService({ emulators: { tokenMs: 20 } });
  const client = await ChatClient.open(url);
  client.ask('q', QUESTION);
  await client.ofType('answer-delta');
  for (const name of [`governor:${ACCOUNT}`, `fuse:${ACCOUNT}`, 'models', 'query-embeddings', 'embedder', 'cache']) kernel.kill(name);
  expect(await client.end('q')).toMatchObject({ answer: ANSWER, model: GEMINI, finish: 'stop', degraded: [] });
  expect(requestsOf(emulators.gemini, PATHS.generate)).toHaveLength(1);
  expect((await ask(url, `${QUESTION} Again?`)).end).toMatchObject({ model: GEMINI, finish: 'stop', degraded: [] });
});
