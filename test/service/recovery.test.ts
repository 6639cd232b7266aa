import { describe, expect, test } from 'vitest';
import type { Script } from '../support/emulators/emulator.ts';
import type { CloudService } from './cloud-service.ts';
import { ANSWER, ask, bodyOf, GEMINI, NOVA, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

/** Short limits, so that what hangs is left soon. */
const IMPATIENT = { BANYAN_FIRST_TOKEN_TIMEOUT_MS: '400', BANYAN_TOKEN_IDLE_TIMEOUT_MS: '200', BANYAN_PROVIDER_ATTEMPTS: '1' };

async function bytesOfAnswer({ url, emulators }: CloudService): Promise<number> {
  await ask(url, QUESTION, { temperature: 1.5 });
  const [request] = requestsOf(emulators.gemini, PATHS.generate);
  const answer = await fetch(`${emulators.gemini.url}${request?.rawPath ?? ''}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': emulators.environment['GEMINI_API_KEY'] ?? '' },
    body: request?.body.toString() ?? '',
  });
  return (await answer.arrayBuffer()).byteLength;
}

describe('an answer that Gemini breaks off', () => {
  test.for([
    ['cut', (byte: number): Script => ({ cutAtByte: byte })],
    ['ended as if it was whole', (byte: number): Script => ({ endAtByte: byte })],
  ] as const)('goes on with Bedrock as if one model had said it, wherever the stream is %s', async ([, scriptAt]) => {
    const service = await startCloudService({ env: { ...IMPATIENT, BANYAN_FUSE_MELTS: '1000' } });
    const { url, emulators } = service;
    const size = await bytesOfAnswer(service);
    for (let at = 1; at <= 12; at += 1) {
      emulators.gemini.script({ path: PATHS.generate, ...scriptAt(Math.floor((size * at) / 13)) });
      // Its own temperature, so that no answer is shared or kept for it.
      const { end, stages, text } = await ask(url, QUESTION, { temperature: at / 100 });
      expect([at, end['answer'], text]).toEqual([at, ANSWER, ANSWER]);
      expect([at, end]).toMatchObject([at, { finish: 'stop', model: NOVA, degraded: [], cache_hit: false }]);
      const hadText = stages.includes('recovering');
      expect([at, stages.filter((stage) => stage === 'recovering')]).toEqual([at, hadText ? ['recovering'] : []]);
      const citations = end['citations'] as { start: number; end: number }[];
      expect([at, citations.map(({ start, end: to }) => [start, to])]).toEqual([at, [[0, ANSWER.length - 1]]]);
    }
    expect(requestsOf(emulators.bedrock, PATHS.converse).length).toBe(12);
  });

  test('is told as recovering once, its usage counts both models, and it is not kept', async () => {
    const { url, emulators } = await startCloudService({ env: IMPATIENT });
    emulators.gemini.script({ path: PATHS.generate, cutAtByte: 3000 });
    const { end, stages } = await ask(url);
    expect(stages).toEqual(['embedding', 'retrieving', 'reranking', 'generating', 'recovering']);
    const whole = await ask(url);
    expect(whole.end).toMatchObject({ answer: ANSWER, cache_hit: false, model: GEMINI });
    const spent = [end, whole.end].map((each) => (each['usage'] as { input_tokens: number }).input_tokens);
    expect(spent[0]).toBeGreaterThan(spent[1] ?? Infinity);
    expect(requestsOf(emulators.gemini, PATHS.generate)).toHaveLength(2);
  });

  test('is gone on from by what was said, in a user turn where the model takes no prefill', async () => {
    const { url, emulators } = await startCloudService({ env: IMPATIENT });
    emulators.gemini.script({ path: PATHS.generate, cutAtByte: 3000 });
    const { client } = await ask(url);
    const sent = client.frames.filter(({ type }) => type === 'answer-delta').map((frame) => frame.text);
    const { messages } = bodyOf(requestsOf(emulators.bedrock, PATHS.converse)[0]) as { messages: { role: string; content: { text: string }[] }[] };
    expect(messages.map(({ role }) => role)).toEqual(['user']);
    const [, soFar = ''] = /<answer-so-far>\n?([\s\S]*?)\n?<\/answer-so-far>/.exec(messages[0]?.content[0]?.text ?? '') ?? [];
    expect(ANSWER.startsWith(soFar)).toBe(true);
    expect(soFar.length).toBeGreaterThan(0);
    expect(sent.join('').startsWith(soFar)).toBe(true);
  });
});

const FAILURES: readonly (readonly [what: string, script: Script, recovers: boolean])[] = [
  ['stalls in mid-answer', { hang: 'body' }, true],
  ['sends headers and nothing else', { hang: 'headers' }, false],
  ['accepts and never answers', { hang: 'connect' }, false],
  ['does not know the model', { error: 'not_found' }, false],
  ['is down', { error: 'unavailable' }, false],
  ['sends an HTML page', { status: 500, headers: { 'content-type': 'text/html' }, body: '<html><h1>500</h1></html>' }, false],
  ['sends garbage', { garbage: true }, false],
  ['has no candidates', { error: 'no-candidates' }, false],
  ['has an empty answer', { error: 'empty' }, false],
  ['fails in mid-stream', { error: 'internal:in-stream' }, true],
];

describe('an answer that Gemini does not give', () => {
  test('in any of the ways to fail comes from Bedrock, in time, and is not kept', async () => {
    const { url, emulators } = await startCloudService({ env: { ...IMPATIENT, BANYAN_FUSE_MELTS: '1000' } });
    for (const [at, [what, script, recovers]] of FAILURES.entries()) {
      emulators.gemini.script({ path: PATHS.generate, ...script });
      const options = { temperature: at / 100 };
      const startedAt = performance.now();
      const { end, stages, text } = await ask(url, QUESTION, options);
      expect([what, performance.now() - startedAt < 5000]).toEqual([what, true]);
      expect([what, end]).toMatchObject([what, { answer: ANSWER, finish: 'stop', model: NOVA, degraded: [] }]);
      expect([what, text, stages.includes('recovering')]).toEqual([what, ANSWER, recovers]);
      expect([what, (await ask(url, QUESTION, options)).end]).toMatchObject([what, { cache_hit: false, model: GEMINI }]);
    }
  });

  test('only in that its end has no reason is one that Gemini has said, and is kept', async () => {
    const { url, emulators } = await startCloudService({ env: IMPATIENT });
    emulators.gemini.script({ path: PATHS.generate, error: 'no-finish' });
    const { end, text } = await ask(url);
    expect([end['answer'], text]).toEqual([ANSWER, ANSWER]);
    expect((await ask(url)).end).toMatchObject({ cache_hit: true, answer: ANSWER });
  });

  test.for([
    ['is throttled for half a minute', 'throttled:30s'],
    ['has used up its quota', 'quota'],
    ['refuses the key', 'auth'],
  ] as const)('because it %s comes from Bedrock, and Gemini is not asked meanwhile', async ([, error]) => {
    const { url, emulators } = await startCloudService();
    emulators.gemini.script({ path: PATHS.generate, error });
    for (const temperature of [0.1, 0.2, 0.3]) {
      const startedAt = performance.now();
      const { end } = await ask(url, QUESTION, { temperature });
      expect(end).toMatchObject({ answer: ANSWER, finish: 'stop', model: NOVA, degraded: [] });
      expect(performance.now() - startedAt).toBeLessThan(5000);
    }
    expect(requestsOf(emulators.gemini, PATHS.generate)).toHaveLength(1);
  });

  test('because its safety rules block it comes from nobody', async () => {
    const { url, emulators } = await startCloudService();
    emulators.gemini.script({ path: PATHS.generate, error: 'blocked' });
    const { end } = await ask(url);
    expect(end).toMatchObject({ type: 'answer-end', finish: 'refused', model: GEMINI });
    expect(requestsOf(emulators.bedrock, PATHS.converse)).toEqual([]);
  });

  test('because a block comes in mid-answer ends as refused with what was said', async () => {
    const { url, emulators } = await startCloudService();
    emulators.gemini.script({ path: PATHS.generate, error: 'blocked-answer' });
    const { end, text } = await ask(url);
    expect(end).toMatchObject({ finish: 'refused', model: GEMINI, answer: text });
    expect(ANSWER.startsWith(text)).toBe(true);
    expect(requestsOf(emulators.bedrock, PATHS.converse)).toEqual([]);
  });
});
