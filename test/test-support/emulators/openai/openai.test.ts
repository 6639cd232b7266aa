import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { EXAMPLE_ANSWER, examplePrompt } from '../../../support/emulators/example-prompt.ts';
import { OPENAI_KEY, startOpenAi } from '../../../support/emulators/openai/openai.ts';

const MODEL = 'gpt-4o-mini';
let emulator: Emulator;

beforeAll(async () => void (emulator = await startOpenAi()));
afterAll(() => emulator.close());

async function post(path: string, body: unknown, key = OPENAI_KEY): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return await fetch(`${emulator.url}/v1${path}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

function chat(more: object = {}, question?: string): Promise<Response> {
  const { system, user } = examplePrompt(question);
  const messages = [{ role: 'system', content: system }, { role: 'user', content: [{ type: 'text', text: user }] }];
  return post('/chat/completions', { model: MODEL, messages, ...more });
}

interface Choice {
  readonly delta?: { readonly content?: string; readonly refusal?: string | null };
  readonly message?: { readonly content: string | null };
  readonly finish_reason: string | null;
}

interface Completion {
  readonly choices: readonly Choice[];
  readonly usage?: { readonly completion_tokens: number; readonly completion_tokens_details: unknown } | null;
}

async function answerOf(response: Response) {
  const { choices, usage } = (await response.json()) as Completion;
  return { text: choices[0]?.message?.content, finish: choices[0]?.finish_reason, usage };
}

async function streamOf(response: Response) {
  const events = (await response.text()).split('\n\n').filter((event) => event !== '').map((event) => event.replace('data: ', ''));
  const chunks = events.filter((event) => event !== '[DONE]').map((event) => JSON.parse(event) as Completion);
  return {
    isDone: events.at(-1) === '[DONE]',
    text: chunks.map(({ choices }) => choices?.[0]?.delta?.content ?? '').join(''),
    refusal: chunks.map(({ choices }) => choices?.[0]?.delta?.refusal ?? '').join(''),
    finish: chunks.flatMap(({ choices }) => choices?.[0]?.finish_reason ?? []),
    usage: chunks.flatMap(({ usage }) => usage ?? []),
    last: chunks.at(-1),
  };
}

describe('chat completions', () => {
  test('answer from the first source, at once and in pieces', async () => {
    const whole = await answerOf(await chat());
    expect(whole).toMatchObject({ text: EXAMPLE_ANSWER, finish: 'stop' });
    const streamed = await streamOf(await chat({ stream: true, stream_options: { include_usage: true } }));
    expect(streamed).toMatchObject({ text: EXAMPLE_ANSWER, finish: ['stop'], isDone: true, usage: [whole.usage] });
  });

  test('tell usage in a stream only when it is asked for', async () => {
    expect((await streamOf(await chat({ stream: true }))).usage).toEqual([]);
    expect((await chat({ stream_options: { include_usage: true } })).status).toBe(400);
  });

  test('end with length at either limit', async () => {
    expect(await answerOf(await chat({ max_tokens: 2 }))).toMatchObject({ text: 'The gate', finish: 'length' });
    expect(await answerOf(await chat({ max_completion_tokens: 2 }))).toMatchObject({ text: 'The gate', finish: 'length' });
  });

  test('of a reasoning model spend the limit on reasoning, and refuse max_tokens and temperature', async () => {
    const answer = await answerOf(await chat({ model: 'gpt-5-mini', max_completion_tokens: 100 }));
    expect(answer).toMatchObject({ text: '', finish: 'length', usage: { completion_tokens: 100, completion_tokens_details: { reasoning_tokens: 100 } } });
    expect((await chat({ model: 'gpt-5-mini', max_tokens: 100 })).status).toBe(400);
    expect((await chat({ model: 'gpt-5-mini', temperature: 0.2 })).status).toBe(400);
  });

  test('answer as a JSON schema asks', async () => {
    const schema = { type: 'object', properties: { answer: { type: 'string' } } };
    const { text } = await answerOf(await chat({ response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } }));
    expect(JSON.parse(text ?? '')).toEqual({ answer: EXAMPLE_ANSWER });
  });

  test('are blocked by the content filter before or in the answer, or refused in words', async () => {
    expect(await answerOf(await chat({}, 'Say [[block]]'))).toMatchObject({ text: '', finish: 'content_filter' });
    emulator.script({ error: 'blocked-answer' });
    expect((await streamOf(await chat({ stream: true }))).finish).toEqual(['content_filter']);
    emulator.script({ error: 'refusal' });
    expect(await streamOf(await chat({ stream: true }))).toMatchObject({ text: '', refusal: 'I cannot help with that.', finish: ['stop'] });
  });

  test('begin anew after a turn of the assistant', async () => {
    const messages = [{ role: 'user', content: examplePrompt().user }, { role: 'assistant', content: 'The gate closes' }];
    expect(await answerOf(await chat({ messages }))).toMatchObject({ text: EXAMPLE_ANSWER });
  });

  test('fail in the middle of a stream, or end it without its end, when that is scripted', async () => {
    emulator.script({ error: 'internal:in-stream' });
    expect((await streamOf(await chat({ stream: true }))).last).toMatchObject({ error: { type: 'server_error' } });
    emulator.script({ error: 'no-finish' });
    expect(await streamOf(await chat({ stream: true }))).toMatchObject({ text: EXAMPLE_ANSWER, finish: [], isDone: false });
  });
});

describe('what is refused', () => {
  test.for([
    ['a wrong type', { temperature: 'hot' }, 400, 'invalid_type'],
    ['an unknown field', { top_k: 3 }, 400, 'unknown_parameter'],
    ['an unknown field within', { response_format: { type: 'text', schema: {} } }, 400, 'unknown_parameter'],
    ['no messages', { messages: undefined }, 400, 'missing_required_parameter'],
    ['a model that is not there', { model: 'gpt-9' }, 404, 'model_not_found'],
    ['a model that does not chat', { model: 'text-embedding-3-small' }, 404, 'model_not_found'],
  ] as const)('%s', async ([, more, status, code]) => {
    const response = await chat(more);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code, type: 'invalid_request_error' } }]);
  });

  test('a wrong key, bytes that are no JSON, and a path that is not there, each with the id of the request', async () => {
    const refused = [await post('/chat/completions', {}, 'wrong'), await post('/chat/completions', '{'), await post('/rerank', {})];
    expect(refused.map(({ status }) => status)).toEqual([401, 400, 404]);
    expect(new Set(refused.map(({ headers }) => headers.get('x-request-id'))).size).toBe(3);
  });

  test('too much, with how long to wait', async () => {
    emulator.script({ error: 'throttled:21s' });
    const { status, headers } = await chat();
    const told = ['retry-after', 'retry-after-ms', 'x-ratelimit-remaining-requests'].map((name) => headers.get(name));
    expect([status, ...told]).toEqual([429, '21', '21000', '0']);
    emulator.script({ error: 'quota' });
    expect(await (await chat()).json()).toMatchObject({ error: { code: 'insufficient_quota' } });
  });

  test('nothing by its key where no key is required', async () => {
    const local = await startOpenAi({ requiresKey: false });
    expect((await fetch(`${local.url}/v1/models`)).status).toBe(200);
    await local.close();
  });
});

describe('embeddings', () => {
  interface Embeddings {
    readonly data: readonly { readonly index: number; readonly embedding: readonly number[] | string }[];
    readonly usage: { readonly prompt_tokens: number };
  }

  async function embed(body: object): Promise<Embeddings> {
    return (await (await post('/embeddings', { model: 'text-embedding-3-small', ...body })).json()) as Embeddings;
  }

  test('come in their order as numbers and as base64, of the dimension that was asked for', async () => {
    const input = ['the gate', 'a library'];
    const floats = await embed({ input, dimensions: 256 });
    const packed = await embed({ input, dimensions: 256, encoding_format: 'base64' });
    const unpacked = packed.data.map(({ embedding }) => [...new Float32Array(new Uint8Array(Buffer.from(String(embedding), 'base64')).buffer)]);
    expect(unpacked).toEqual(floats.data.map(({ embedding }) => [...Float32Array.from(embedding as readonly number[])]));
    expect(unpacked.map((vector) => vector.length)).toEqual([256, 256]);
    expect(floats.usage.prompt_tokens).toBe(5);
  });

  test.for([
    ['an empty text', { input: ['x', ''] }],
    ['no texts', { input: [] }],
    ['too many texts', { input: Array.from({ length: 2049 }, () => 'x') }],
    ['a text too long', { input: 'word '.repeat(9000) }],
    ['a dimension over its own', { input: 'x', dimensions: 1537 }],
    ['a dimension where it has only one', { model: 'text-embedding-ada-002', input: 'x', dimensions: 256 }],
  ] as const)('are refused for %s', async ([, body]) => {
    expect(await embed(body)).toMatchObject({ error: { type: 'invalid_request_error' } });
  });
});
