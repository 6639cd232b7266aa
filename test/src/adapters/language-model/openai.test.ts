import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkOpenAi, createOpenAiModel } from '#src/adapters/language-model/openai.ts';
import type { OpenAiOptions } from '#src/adapters/language-model/openai.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { OPENAI_KEY, startOpenAi } from '../../../support/emulators/openai/openai.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { collect, EXAMPLE_ANSWER, exampleRequest, say } from './generation.ts';
import { describeLanguageModel } from './language-model-laws.ts';

const MODEL = 'gpt-4o-mini';
const options = (url: string, apiKey = OPENAI_KEY): OpenAiOptions => ({ model: MODEL, apiKey, baseUrl: `${url}/v1` });

describeLanguageModel({
  name: 'an OpenAI-compatible model',
  secret: OPENAI_KEY,
  start: () => startOpenAi(),
  create: (url, secret) => createOpenAiModel(options(url, secret)),
  check: (url, signal, secret) => checkOpenAi(options(url, secret), signal),
  record: (url, prompt) =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${OPENAI_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: MODEL,
        messages: prompt.map(({ role, text }) => ({ role, content: text })),
        stream: true,
        stream_options: { include_usage: true },
      }),
    }),
  failures: [
    ['throttled:21s', 'rate_limited', 21_000],
    ['throttled:0.3s', 'rate_limited', 300],
    ['throttled:in-stream', 'rate_limited'],
    ['quota', 'quota'],
    ['auth', 'auth'],
    ['denied', 'auth'],
    ['not_found', 'not_found'],
    ['bad_request', 'bad_request'],
    ['too_large', 'too_large'],
    ['payload', 'too_large'],
    ['blocked-prompt', 'blocked'],
    ['blocked', 'blocked'],
    ['refusal', 'blocked'],
    ['internal', 'unavailable'],
    ['internal:in-stream', 'unavailable'],
    ['unavailable', 'unavailable'],
    ['no-finish', 'truncated'],
  ],
  blockedInMidAnswer: 'blocked-answer',
});

describe('an OpenAI-compatible model', () => {
  scrubEnvironment();
  let emulator: Emulator;
  beforeAll(async () => void (emulator = await startOpenAi()));
  afterAll(() => emulator.close());
  const lastBody = () => JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '') as Record<string, unknown>;

  test('sends temperature and limit under the names that every server knows', async () => {
    await say(createOpenAiModel(options(emulator.url)), exampleRequest({ temperature: 0.2, maxOutputTokens: 50 }));
    expect(lastBody()).toMatchObject({ temperature: 0.2, max_tokens: 50 });
    expect(Object.keys(lastBody()).sort()).toEqual(['max_tokens', 'messages', 'model', 'stream', 'stream_options', 'temperature']);
  });

  test('leaves a thinking model its room, and the temperature that it insists on', async () => {
    const model = createOpenAiModel({ ...options(emulator.url), model: 'gpt-5-mini' });
    const { text, ends } = await collect(model, exampleRequest({ temperature: 0.2, maxOutputTokens: 20 }));
    expect(text).toBe(EXAMPLE_ANSWER);
    expect(lastBody()).toMatchObject({ max_completion_tokens: 8212, reasoning_effort: 'low' });
    expect(Object.keys(lastBody())).not.toContain('temperature');
    expect(ends[0]?.usage.output_tokens).toBeGreaterThan(32);
  });

  test('needs no key where the server asks for none, nor an end mark after the finish reason', async () => {
    const local = await startOpenAi({ requiresKey: false });
    try {
      const model = createOpenAiModel({ model: 'llama3.2', baseUrl: `${local.url}/v1/` });
      local.script({ error: 'no-done' });
      expect(await say(model, exampleRequest())).toBe(EXAMPLE_ANSWER);
      expect(local.requests[0]?.headers.authorization).toBeUndefined();
    } finally {
      await local.close();
    }
  });

  test('counts the words itself where the server tells no usage', async () => {
    const chunks = [{ choices: [{ index: 0, delta: { content: 'Yes, at nine.' }, finish_reason: null }] }, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }];
    const body = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
    emulator.script({ status: 200, headers: { 'content-type': 'text/event-stream' }, body });
    const { ends } = await collect(createOpenAiModel(options(emulator.url)), exampleRequest());
    expect(ends[0]?.usage.output_tokens).toBe(5);
    expect(ends[0]?.usage.input_tokens).toBeGreaterThan(20);
  });

  test('keeps the key out of what a server says of it', async () => {
    emulator.script({ status: 401, body: JSON.stringify({ error: { message: `Wrong key: ${OPENAI_KEY}` } }) });
    const caught = await failureIn(say(createOpenAiModel(options(emulator.url)), exampleRequest()));
    expect(caught.message).toContain('[secret]');
    expect(caught.message).not.toContain(OPENAI_KEY);
  });

  test('hands on the id of a refused request', async () => {
    emulator.script({ error: 'internal' });
    expect(await failureIn(say(createOpenAiModel(options(emulator.url)), exampleRequest()))).toMatchObject({ requestId: expect.stringMatching(/^req_/), status: 500 });
  });

  test('tells what every answer says of the allowance, under its own account', async () => {
    const told: unknown[] = [];
    const model = createOpenAiModel({ ...options(emulator.url), onRate: (account, hint) => told.push([account, hint]) });
    await say(model, exampleRequest());
    expect(told).toEqual([[model.account, { remaining: 9999, limit: 10_000, resetMs: 6 }]]);
  });

  test('tells by its check a model that the server does not list', async () => {
    const signal = new AbortController().signal;
    expect(await failureIn(checkOpenAi({ ...options(emulator.url), model: 'gpt-9' }, signal))).toMatchObject({ failure: 'not_found' });
  });

  test('is named after the server, or as it is told', () => {
    expect(createOpenAiModel({ model: 'm', baseUrl: 'https://api.openai.com/v1' })).toMatchObject({ id: 'openai:m', account: 'openai/api.openai.com/m' });
    expect(createOpenAiModel({ model: 'm', baseUrl: 'https://api.openai.com/v1', accountName: 'key-2' }).account).toBe('openai/key-2/m');
  });
});
