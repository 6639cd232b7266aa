import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createGeminiEmbeddings } from '#src/adapters/embedding-model/gemini.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { GEMINI_KEY, startGemini } from '../../../support/emulators/gemini/gemini.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { describeEmbeddings } from './embedding-laws.ts';

describeEmbeddings({
  name: 'Gemini embeddings',
  dimension: 256,
  secret: GEMINI_KEY,
  start: () => startGemini(),
  create: (url, { secret = GEMINI_KEY, dimension = 256 } = {}) =>
    createGeminiEmbeddings({ model: 'gemini-embedding-2', apiKey: secret, baseUrl: url, dimension }),
  answerWith: (vectors) => JSON.stringify({ embeddings: vectors.map((values) => ({ values })) }),
});

const NEVER = new AbortController().signal;

describe('Gemini embeddings', () => {
  scrubEnvironment();
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startGemini();
  });
  afterAll(() => emulator.close());

  const create = (model = 'gemini-embedding-2', dimension = 256) =>
    createGeminiEmbeddings({ model, apiKey: GEMINI_KEY, baseUrl: emulator.url, dimension });
  const bodyOf = (index: number) => JSON.parse(emulator.requests.at(index)?.body.toString() ?? '');

  test('name themselves as the port asks', () => {
    expect(create()).toMatchObject({ id: 'gemini:gemini-embedding-2', account: 'gemini/key-1/gemini-embedding-2', dimension: 256 });
  });

  test('say whether a text is a question or a document', async () => {
    await create().embed(['What is it?'], 'query', NEVER);
    expect(bodyOf(-1).requests[0].taskType).toBe('RETRIEVAL_QUERY');
    await create().embed(['It is this.'], 'document', NEVER);
    expect(bodyOf(-1).requests[0].taskType).toBe('RETRIEVAL_DOCUMENT');
  });

  test('give a vector for each of 100 texts', async () => {
    const texts = Array.from({ length: 100 }, (_, index) => `text number ${index}`);
    expect((await create().embed(texts, 'document', NEVER)).vectors).toHaveLength(100);
  });

  test('gemini-embedding-001, which does not normalise, gives vectors of unit length', async () => {
    const { vectors } = await create('gemini-embedding-001', 768).embed(['one', 'two'], 'document', NEVER);
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  test.each<[string, object]>([
    ['throttled:21s', { failure: 'rate_limited', status: 429, retryAfterMs: 21_000 }],
    ['throttled:0.5s:array', { failure: 'rate_limited', retryAfterMs: 500 }],
    ['quota', { failure: 'quota', status: 429 }],
    ['auth', { failure: 'auth', status: 400 }],
    ['denied', { failure: 'auth', status: 403 }],
    ['not_found', { failure: 'not_found', status: 404 }],
    ['bad_request', { failure: 'bad_request', status: 400 }],
    ['unavailable', { failure: 'unavailable', status: 503 }],
    ['timeout', { failure: 'timeout', status: 504 }],
    ['short', { failure: 'bad_response' }],
    ['zero', { failure: 'bad_response' }],
    ['wrong-dimension', { failure: 'bad_response' }],
  ])('the error %s is what it says', async (error, expected) => {
    emulator.script({ error });
    expect(await failureIn(create().embed(['one', 'two'], 'document', NEVER))).toMatchObject(expected);
  });

  test('an unknown model is not_found, a dimension that no model has is bad_request', async () => {
    expect(await failureIn(create('gemini-embedding-9').embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'not_found' });
    expect(await failureIn(create('gemini-embedding-2', 64).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'bad_request' });
  });

  test('are not redirected by the environment', async () => {
    vi.stubEnv('GOOGLE_GENAI_USE_VERTEXAI', 'true');
    vi.stubEnv('GOOGLE_GEMINI_BASE_URL', 'http://127.0.0.1:9');
    vi.stubEnv('GEMINI_API_KEY', 'a-key-of-others');
    expect((await create().embed(['one'], 'query', NEVER)).vectors).toHaveLength(1);
  });
});
