import { ApiError, GoogleGenAI } from '@google/genai/web';
import type { GenerateContentResponse } from '@google/genai/web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { EXAMPLE_ANSWER, examplePrompt } from '../../../support/emulators/example-prompt.ts';
import { GEMINI_KEY, startGemini } from '../../../support/emulators/gemini/gemini.ts';
import { accessToken } from '../../../support/emulators/gemini/token.ts';

const MODEL = 'gemini-3.8-flash';
let emulator: Emulator;

beforeAll(async () => void (emulator = await startGemini()));
afterAll(() => emulator.close());

function client({ apiKey = GEMINI_KEY, apiVersion = 'v1beta' } = {}): GoogleGenAI {
  return new GoogleGenAI({ apiKey, vertexai: false, apiVersion, httpOptions: { baseUrl: emulator.url } });
}

function question(text?: string) {
  const { system, user } = examplePrompt(text);
  return { model: MODEL, contents: [{ role: 'user', parts: [{ text: user }] }], config: { systemInstruction: system, temperature: 0.2 } };
}

async function failureOf(promise: Promise<unknown>): Promise<{ readonly status: number; readonly error: Record<string, unknown> }> {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof ApiError)) throw new Error('expected an ApiError', { cause: error });
  const body = JSON.parse(error.message) as { error: Record<string, unknown> } | [{ error: Record<string, unknown> }];
  return { status: error.status, error: Array.isArray(body) ? body[0].error : body.error };
}

async function collect(stream: AsyncIterable<GenerateContentResponse>) {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const last = chunks.at(-1);
  return { text: chunks.map((chunk) => chunk.text ?? '').join(''), finish: last?.candidates?.[0]?.finishReason, usage: last?.usageMetadata, chunks };
}

describe('generation', () => {
  test.for(['v1', 'v1beta'])('answers from the first source in %s, at once and in pieces', async (apiVersion) => {
    const { models } = client({ apiVersion });
    const whole = await models.generateContent(question());
    const streamed = await collect(await models.generateContentStream(question()));
    expect([whole.text, streamed.text]).toEqual([EXAMPLE_ANSWER, EXAMPLE_ANSWER]);
    expect([whole.candidates?.[0]?.finishReason, streamed.finish]).toEqual(['STOP', 'STOP']);
    expect(streamed.chunks.length).toBeGreaterThan(5);
    expect(streamed.usage).toEqual(whole.usageMetadata);
    expect(whole).toMatchObject({ modelVersion: MODEL, responseId: expect.any(String) });
  });

  test('spends the tokens of the answer on thinking', async () => {
    const config = { maxOutputTokens: 100 };
    const answer = await client().models.generateContent({ ...question(), config });
    expect(answer.text).toBeUndefined();
    expect(answer.candidates?.[0]?.finishReason).toBe('MAX_TOKENS');
    expect(answer.usageMetadata).toMatchObject({ thoughtsTokenCount: 100 });
    expect(answer.usageMetadata?.candidatesTokenCount).toBeUndefined();
  });

  test('leaves room for the answer at a low level, and shows thoughts apart', async () => {
    const thinkingConfig = { thinkingLevel: 'LOW' as never, includeThoughts: true };
    const streamed = await collect(await client().models.generateContentStream({ ...question(), config: { maxOutputTokens: 100, thinkingConfig } }));
    expect(streamed).toMatchObject({ text: EXAMPLE_ANSWER, finish: 'STOP', usage: { thoughtsTokenCount: 32 } });
    expect(streamed.chunks[0]?.candidates?.[0]?.content?.parts?.[0]?.thought).toBe(true);
  });

  test('answers as a JSON schema asks', async () => {
    const responseJsonSchema = { type: 'object', properties: { answer: { type: 'string' } } };
    const answer = await client().models.generateContent({ ...question(), config: { responseMimeType: 'application/json', responseJsonSchema } });
    expect(JSON.parse(answer.text ?? '')).toEqual({ answer: EXAMPLE_ANSWER });
  });

  test('is blocked by its prompt with status 200 and without a candidate', async () => {
    const answer = await client().models.generateContent(question('Say [[block]]'));
    expect(answer.promptFeedback?.blockReason).toBe('SAFETY');
    expect(answer.candidates).toBeUndefined();
  });

  test('is blocked in the middle of the answer when that is scripted', async () => {
    emulator.script({ error: 'blocked-answer' });
    const streamed = await collect(await client().models.generateContentStream(question()));
    expect(streamed.finish).toBe('SAFETY');
    expect(EXAMPLE_ANSWER.startsWith(streamed.text) && streamed.text.length > 0 && streamed.text.length < EXAMPLE_ANSWER.length).toBe(true);
  });

  test('goes on after a turn of the model with 2.5 and refuses that with 3', async () => {
    const { contents, config } = question();
    const prefilled = [...contents, { role: 'model', parts: [{ text: 'The gate closes at' }] }];
    const older = await client().models.generateContent({ model: 'gemini-2.5-flash', contents: prefilled, config });
    expect(older.text).toBe(' nine in the evening on weekdays [1].');
    const newer = await failureOf(client().models.generateContent({ model: MODEL, contents: prefilled, config }));
    expect(newer).toMatchObject({ status: 400, error: { status: 'INVALID_ARGUMENT' } });
  });

  test('refuses a prompt over the context of the model', async () => {
    const small = await startGemini({ contextTokens: 20 });
    const ai = new GoogleGenAI({ apiKey: GEMINI_KEY, vertexai: false, apiVersion: 'v1beta', httpOptions: { baseUrl: small.url } });
    expect(await failureOf(ai.models.generateContent(question()))).toMatchObject({ status: 400, error: { message: expect.stringContaining('maximum number of tokens') } });
    await small.close();
  });
});

describe('what is refused', () => {
  test('a wrong key, by 400 and a typed reason', async () => {
    const failure = await failureOf(client({ apiKey: 'wrong' }).models.generateContent(question()));
    expect(failure).toMatchObject({ status: 400, error: { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] } });
  });

  test('a model that is not there, or cannot do this', async () => {
    expect(await failureOf(client().models.generateContent({ ...question(), model: 'gemini-2.0-flash' }))).toMatchObject({ status: 404, error: { status: 'NOT_FOUND' } });
    expect(await failureOf(client().models.generateContent({ ...question(), model: 'gemini-embedding-2' }))).toMatchObject({ status: 404 });
  });

  const CONTENTS = [{ parts: [{ text: 'x' }] }];
  test.for([
    ['an unknown field', { contents: CONTENTS, temperature: 1 }, 'Unknown name "temperature": Cannot find field.'],
    ['an unknown field within', { contents: CONTENTS, generationConfig: { temp: 1 } }, `Unknown name "temp" at 'generation_config': Cannot find field.`],
    ['a wrong type', { contents: CONTENTS, generationConfig: { temperature: 'hot' } }, `Invalid value at 'generation_config.temperature'`],
    ['no contents', { contents: [] }, 'contents'],
    ['a wrong role', { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] }, 'contents[0].role'],
    ['two schemas', { contents: CONTENTS, generationConfig: { responseMimeType: 'application/json', responseSchema: {}, responseJsonSchema: {} } }, 'Only one of'],
  ] as const)('%s', async ([, body, message]) => {
    const response = await post(`/v1beta/models/${MODEL}:generateContent`, body);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(message.replaceAll('"', String.raw`\"`))]);
  });

  test('no key, no JSON and no such path', async () => {
    expect((await fetch(`${emulator.url}/v1/models`)).status).toBe(403);
    expect((await post(`/v1/models/${MODEL}:generateContent`, 'no object')).status).toBe(400);
    expect((await post('/v2/models', {})).status).toBe(404);
  });

  test('what is scripted, in every shape that the service is known to use', async () => {
    emulator.script({ error: 'throttled:21s' });
    const throttled = await failureOf(client().models.generateContent(question()));
    expect(throttled).toMatchObject({ status: 429, error: { status: 'RESOURCE_EXHAUSTED', details: [{}, { retryDelay: '21s' }] } });
    emulator.script({ error: 'unavailable:array' });
    expect(await failureOf(client().models.generateContentStream(question()))).toMatchObject({ status: 503 });
    emulator.script({ error: 'internal:event-stream' });
    expect((await post(`/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`, {})).headers.get('content-type')).toBe('text/event-stream');
    emulator.script({ error: 'unavailable:in-stream' });
    await expect(client().models.generateContentStream(question()).then(collect)).rejects.toThrow('UNAVAILABLE');
  });
});

describe('embeddings', () => {
  test('come one per content, unit length only where the model normalises', async () => {
    const contents = ['the gate', 'a library', 'the gates'].map((text) => ({ parts: [{ text }] }));
    const newer = await client().models.embedContent({ model: 'gemini-embedding-2', contents, config: { outputDimensionality: 768 } });
    const older = await client().models.embedContent({ model: 'gemini-embedding-001', contents, config: { outputDimensionality: 768, taskType: 'RETRIEVAL_DOCUMENT' } });
    expect(newer.embeddings?.map(({ values }) => values?.length)).toEqual([768, 768, 768]);
    expect(lengthOf(newer.embeddings?.[0]?.values)).toBeCloseTo(1, 10);
    expect(lengthOf(older.embeddings?.[0]?.values)).not.toBeCloseTo(1, 2);
    expect((await client().models.embedContent({ model: 'gemini-embedding-001', contents: 'x' })).embeddings?.map(({ values }) => lengthOf(values))).toEqual([expect.closeTo(1, 10)]);
  });

  test.for([127, 3073])('of dimension %i are refused', async (outputDimensionality) => {
    const contents = [{ parts: [{ text: 'x' }] }];
    expect(await failureOf(client().models.embedContent({ model: 'gemini-embedding-2', contents, config: { outputDimensionality } }))).toMatchObject({ status: 400 });
  });

  test('of more than 100 texts are refused, and of none', async () => {
    const request = { model: 'models/gemini-embedding-2', content: { parts: [{ text: 'x' }] } };
    const url = '/v1beta/models/gemini-embedding-2:batchEmbedContents';
    expect((await post(url, { requests: Array.from({ length: 100 }, () => request) })).status).toBe(200);
    expect((await post(url, { requests: Array.from({ length: 101 }, () => request) })).status).toBe(400);
    expect((await post(url, { requests: [{ ...request, content: { parts: [{ text: '' }] } }] })).status).toBe(400);
  });
});

describe('the rest', () => {
  test('lists and gets models, and counts tokens', async () => {
    const { models } = client();
    expect(await models.get({ model: MODEL })).toMatchObject({ name: `models/${MODEL}`, inputTokenLimit: 1_048_576 });
    expect((await models.list()).page.length).toBeGreaterThan(3);
    expect((await models.countTokens({ model: MODEL, contents: 'seven words' })).totalTokens).toBe(2);
  });

  test('serves Vertex AI with a token that it granted', async () => {
    const claims = Buffer.from(JSON.stringify({ iat: Date.now() / 1000, exp: Date.now() / 1000 + 60 })).toString('base64url');
    const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: `e30.${claims}.c2ln` });
    const granted = (await (await fetch(`${emulator.url}/token`, { method: 'POST', body: form })).json()) as { access_token: string };
    const path = `/v1/projects/p/locations/us-central1/publishers/google/models/${MODEL}:generateContent`;
    const { contents } = question();
    expect((await post(path, { contents }, { authorization: `Bearer ${granted.access_token}` })).status).toBe(200);
    expect((await post(path, { contents }, { authorization: 'Bearer other' })).status).toBe(401);
    expect(granted.access_token).toBe(accessToken());
  });
});

async function post(path: string, body: unknown, headers: Record<string, string> = { 'x-goog-api-key': GEMINI_KEY }): Promise<Response> {
  return await fetch(emulator.url + path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

function lengthOf(values: readonly number[] = []): number {
  return Math.hypot(...values);
}
