import { describe, expect, test } from 'vitest';
import type { Emulators } from '../support/emulators/start-emulators.ts';
import type { Script } from '../support/emulators/emulator.ts';
import { ANSWER, ask, GEMINI, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

const IMPATIENT = { BANYAN_EMBEDDING_TIMEOUT_MS: '300', BANYAN_SEARCH_TIMEOUT_MS: '300', BANYAN_RERANK_TIMEOUT_MS: '300', BANYAN_FUSE_MELTS: '1000' };

const PARTS = [
  ['vectors', 'bedrock', PATHS.embed],
  ['vectors', 'pinecone', PATHS.query],
  ['reranker', 'bedrock', PATHS.rerank],
] as const satisfies readonly (readonly [degraded: string, emulator: keyof Emulators, path: string])[];

const WAYS: readonly Script[] = [{ error: 'unavailable' }, { hang: 'connect' }, { hang: 'headers' }, { garbage: true }, { cutAtByte: 20 }];

describe('without a part of the search', () => {
  test.for(PARTS)('(%s: %s %s) Gemini answers all the same, which is told and not kept, in whatever way it fails', async ([degraded, emulator, path]) => {
    const { url, emulators } = await startCloudService({ env: IMPATIENT });
    for (const [at, way] of WAYS.entries()) {
      emulators[emulator].script({ path, times: 3, ...way });
      const question = `${QUESTION} ${'?'.repeat(at)}`;
      const startedAt = performance.now();
      const { end, text } = await ask(url, question);
      const shown = JSON.stringify(way);
      expect([shown, end]).toMatchObject([shown, { answer: ANSWER, finish: 'stop', model: GEMINI, degraded: [degraded] }]);
      expect([shown, text, performance.now() - startedAt < 2900]).toEqual([shown, ANSWER, true]);
      await drain(emulators, emulator, path);
      expect([shown, (await ask(url, question)).end]).toMatchObject([shown, { cache_hit: false, degraded: [] }]);
    }
  });

  test('a call that fails once is tried again', async () => {
    const { url, emulators } = await startCloudService();
    emulators.bedrock.script({ path: PATHS.embed, error: 'internal' });
    emulators.pinecone.script({ path: PATHS.query, error: 'unavailable' });
    expect((await ask(url)).end).toMatchObject({ answer: ANSWER, degraded: [] });
  });

  test.for([
    ['bedrock', PATHS.embed, { 'x-amzn-errortype': 'ThrottlingException', 'retry-after': '30' }],
    ['pinecone', PATHS.query, { 'retry-after': '30' }],
    ['bedrock', PATHS.rerank, { 'x-amzn-errortype': 'ThrottlingException', 'retry-after': '30' }],
  ] as const)('a provider that is throttled for half a minute (%s %s) is not waited for, by this question nor by the next ones', async ([emulator, path, headers]) => {
    const { url, emulators } = await startCloudService();
    const before = requestsOf(emulators[emulator], path).length;
    emulators[emulator].script({ path, status: 429, headers, body: '{"message":"Too many requests"}' });
    for (const end of ['', '?', '??']) {
      const startedAt = performance.now();
      expect((await ask(url, `${QUESTION}${end}`)).end).toMatchObject({ answer: ANSWER, finish: 'stop', degraded: [expect.any(String)] });
      expect([end, performance.now() - startedAt < 1800]).toEqual([end, true]);
    }
    expect(requestsOf(emulators[emulator], path)).toHaveLength(before + 1);
  });

  test('all of it fails at once and the words still find the answer', async () => {
    const { url, emulators } = await startCloudService({ env: IMPATIENT });
    emulators.bedrock.script({ path: PATHS.embed, times: 3, error: 'unavailable' });
    emulators.bedrock.script({ path: PATHS.rerank, error: 'unavailable' });
    emulators.gemini.script({ path: PATHS.generate, times: 3, error: 'unavailable' });
    emulators.bedrock.script({ path: PATHS.converse, times: 3, error: 'unavailable' });
    const { end } = await ask(url);
    expect(end).toMatchObject({ finish: 'stop', degraded: ['vectors', 'reranker', 'model'], model: 'extractive:quotes' });
    expect(end['answer']).toContain('The BEAM is the virtual machine');
  });
});

/** Lets what is left of a script be used up by nobody. */
async function drain(emulators: Emulators, name: 'bedrock' | 'pinecone', path: string): Promise<void> {
  const { url } = emulators[name];
  for (let n = 0; n < 3; n += 1) {
    await fetch(`${url}${path.startsWith('/') ? '' : '/'}${path}`, { method: 'POST', body: '{}', signal: AbortSignal.timeout(30) }).then(
      (answer) => answer.arrayBuffer().catch(() => undefined),
      () => undefined,
    );
  }
}
