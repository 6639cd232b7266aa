import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkGemini, createGeminiModel } from '#src/adapters/language-model/gemini.ts';
import type { GeminiOptions } from '#src/adapters/language-model/gemini-client.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { GEMINI_KEY, startGemini } from '../../../support/emulators/gemini/gemini.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { collect, EXAMPLE_ANSWER, exampleRequest, say } from './generation.ts';
import { describeLanguageModel } from './language-model-laws.ts';

const MODEL = 'gemini-3.8-flash';
const options = (baseUrl: string, apiKey = GEMINI_KEY): GeminiOptions => ({ model: MODEL, apiKey, baseUrl });

describeLanguageModel({
  name: 'a Gemini model',
  secret: GEMINI_KEY,
  start: () => startGemini(),
  create: (url, secret) => createGeminiModel(options(url, secret)),
  check: (url, signal, secret) => checkGemini(options(url, secret), signal),
  record: (url, prompt) =>
    fetch(`${url}/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`, {
      method: 'POST',
      headers: { 'x-goog-api-key': GEMINI_KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ contents: prompt.slice(1).map(({ text }) => ({ role: 'user', parts: [{ text }] })) }),
    }),
  failures: [
    ['throttled:21s', 'rate_limited', 21_000],
    ['throttled:0.5s:array', 'rate_limited', 500],
    ['throttled:2s:event-stream', 'rate_limited', 2000],
    ['throttled:3s:in-stream', 'rate_limited', 3000],
    ['quota', 'quota'],
    ['auth', 'auth'],
    ['auth:array', 'auth'],
    ['unauthenticated', 'auth'],
    ['denied', 'auth'],
    ['not_found', 'not_found'],
    ['bad_request', 'bad_request'],
    ['internal', 'unavailable'],
    ['internal:in-stream', 'unavailable'],
    ['unavailable:event-stream', 'unavailable'],
    ['timeout', 'timeout'],
    ['blocked', 'blocked'],
    ['recitation', 'blocked'],
    ['empty', 'truncated'],
    ['no-candidates', 'truncated'],
    ['no-finish', 'truncated'],
  ],
  blockedInMidAnswer: 'blocked-answer',
});

describe('a Gemini model', () => {
  scrubEnvironment();
  let emulator: Emulator;
  beforeAll(async () => void (emulator = await startGemini()));
  afterAll(() => emulator.close());
  const lastBody = () => JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '') as Record<string, unknown>;

  test('leaves thinking its room beside the answer', async () => {
    const model = createGeminiModel(options(emulator.url));
    const { text, ends } = await collect(model, exampleRequest({ maxOutputTokens: 20, temperature: 0.2 }));
    expect(text).toBe(EXAMPLE_ANSWER);
    expect(lastBody()['generationConfig']).toEqual({ maxOutputTokens: 4116, temperature: 0.2, thinkingConfig: { thinkingLevel: 'LOW' } });
    // 32 tokens of thought at that level in the emulator, paid as output.
    expect(ends[0]?.usage.output_tokens).toBeGreaterThan(32);
  });

  test('is told a budget where the model knows no levels', async () => {
    const model = createGeminiModel({ ...options(emulator.url), model: 'gemini-2.5-flash' });
    expect(await say(model, exampleRequest({ maxOutputTokens: 20 }))).toBe(EXAMPLE_ANSWER);
    expect(lastBody()['generationConfig']).toEqual({ maxOutputTokens: 1044, thinkingConfig: { thinkingBudget: 1024 } });
  });

  test('says bad_response when all of the limit went to thinking', async () => {
    const candidates = [{ content: { role: 'model' }, finishReason: 'MAX_TOKENS', index: 0 }];
    const body = `data: ${JSON.stringify({ candidates })}\r\n\r\n`;
    emulator.script({ status: 200, headers: { 'content-type': 'text/event-stream' }, body });
    expect(await failureIn(say(createGeminiModel(options(emulator.url)), exampleRequest()))).toMatchObject({ failure: 'bad_response' });
  });

  test('goes where its options say, whatever the environment says', async () => {
    vi.stubEnv('GOOGLE_GENAI_USE_VERTEXAI', 'true');
    vi.stubEnv('GOOGLE_GEMINI_BASE_URL', 'http://127.0.0.1:9');
    vi.stubEnv('GOOGLE_API_KEY', 'another');
    vi.stubEnv('GOOGLE_CLOUD_PROJECT', 'another');
    expect(await say(createGeminiModel(options(emulator.url)), exampleRequest())).toBe(EXAMPLE_ANSWER);
    expect(emulator.requests.at(-1)?.headers['x-goog-api-key']).toBe(GEMINI_KEY);
  });

  test('speaks v1beta, or the version that it is told', async () => {
    await say(createGeminiModel(options(emulator.url)), exampleRequest());
    expect(emulator.requests.at(-1)?.path).toMatch(/^\/v1beta\/models\//);
    await say(createGeminiModel({ ...options(emulator.url), apiVersion: 'v1', model: 'gemini-2.5-flash' }), exampleRequest());
    expect(emulator.requests.at(-1)?.path).toMatch(/^\/v1\/models\//);
  });

  test('refuses a key that no header can carry before it is sent', async () => {
    const before = emulator.requests.length;
    const caught = await failureIn(say(createGeminiModel(options(emulator.url, 'a key\nwith a line')), exampleRequest()));
    expect(caught.failure).toBe('auth');
    expect(emulator.requests.length).toBe(before);
  });

  test('tells a wrong model by its check', async () => {
    const signal = new AbortController().signal;
    expect(await failureIn(checkGemini({ ...options(emulator.url), model: 'gemini-2.0-flash' }, signal))).toMatchObject({ failure: 'not_found' });
  });

  test('names key or project in its account', () => {
    expect(createGeminiModel({ model: 'm', apiKey: 'k' })).toMatchObject({ id: 'gemini:m', account: 'gemini/key-1/m' });
    expect(createGeminiModel({ model: 'm', apiKey: 'k', accountName: 'key-2' }).account).toBe('gemini/key-2/m');
    expect(createGeminiModel({ model: 'm', vertex: { project: 'p', location: 'global' } }).account).toBe('gemini/p/m');
  });
});
