import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTitanEmbeddings } from '#src/adapters/embedding-model/titan.ts';
import { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, BEDROCK_KEY, startBedrock } from '../../../support/emulators/bedrock/bedrock.ts';
import type { BedrockEmulator } from '../../../support/emulators/bedrock/bedrock.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { describeEmbeddings } from './embedding-laws.ts';

const MODEL = { model: 'amazon.titan-embed-text-v2:0', region: 'us-east-1' };
const NEVER = new AbortController().signal;
const credentials = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
const answerWith = (vectors: readonly unknown[]) =>
  JSON.stringify(vectors.length === 1 ? { embedding: vectors[0], inputTextTokenCount: 1 } : { embedding: vectors, inputTextTokenCount: 1 });

describeEmbeddings({
  name: 'Titan embeddings by key',
  dimension: 256,
  secret: BEDROCK_KEY,
  start: () => startBedrock(),
  create: (url, { secret = BEDROCK_KEY, dimension = 256 } = {}) =>
    createTitanEmbeddings({ ...MODEL, endpoint: url, bearerToken: secret, dimension }),
  answerWith,
});

describe('Titan embeddings by signature', () => {
  scrubEnvironment(credentials);
  let emulator: BedrockEmulator;
  beforeAll(async () => {
    emulator = await startBedrock();
  });
  afterAll(() => emulator.close());

  const create = (changes: { readonly dimension?: number; readonly model?: string } = {}) =>
    createTitanEmbeddings({ ...MODEL, dimension: 1024, endpoint: emulator.url, ...changes });

  test('name themselves as the port asks', () => {
    const account = 'bedrock/us-east-1/amazon.titan-embed-text-v2:0';
    expect(create()).toMatchObject({ id: 'bedrock:amazon.titan-embed-text-v2:0', account, dimension: 1024, batch: { maxItems: 1 } });
  });

  test('are signed with the credentials of the chain, and count tokens', async () => {
    const { vectors, inputTokens } = await create().embed(['It is a fig tree.'], 'document', NEVER);
    expect(vectors[0]).toHaveLength(1024);
    expect(inputTokens).toBeGreaterThan(0);
    expect(emulator.requests.at(-1)?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  test('are signed, and sent where they were configured to be, whatever the environment says', async () => {
    vi.stubEnv('AWS_BEARER_TOKEN_BEDROCK', 'a-key-of-others');
    vi.stubEnv('AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'http://127.0.0.1:9');
    await create().embed(['one'], 'query', NEVER);
    expect(emulator.requests.at(-1)?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  test('with a wrong secret, and without credentials, are auth', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong-secret');
    expect(await failureIn(create().embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'auth', status: 403 });
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
    expect(await failureIn(create().embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'auth' });
  });

  test.each<[string, object]>([
    ['throttled', { failure: 'rate_limited', status: 429, retryAfterMs: 1000 }],
    ['throttled-without-delay', { failure: 'rate_limited', retryAfterMs: undefined }],
    ['quota', { failure: 'quota' }],
    ['expired', { failure: 'auth', status: 403 }],
    ['not_found', { failure: 'not_found', status: 404 }],
    ['timeout', { failure: 'timeout', status: 408 }],
    ['model_error', { failure: 'unavailable', status: 424 }],
    ['internal', { failure: 'unavailable', status: 500 }],
  ])('the error %s is what it says, with the id of the request', async (error, expected) => {
    emulator.script({ error });
    const failure = await failureIn(create().embed(['one'], 'document', NEVER));
    expect(failure).toMatchObject(expected);
    expect(failure.requestId).toBeDefined();
  });

  test('of a dimension that the model has not, and by an unknown model, say so', async () => {
    expect(await failureIn(create({ dimension: 100 }).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'bad_request', status: 400 });
    expect((await failureIn(create({ model: 'amazon.titan-embed-text-v9:0' }).embed(['one'], 'query', NEVER))).melts).toBe(false);
  });

  test('of a text that is too long for the model are too_large, those of the longest that is sent are not refused', async () => {
    const { batch } = create();
    const longest = 'word '.repeat(Math.floor(batch.maxBytes / 5));
    expect((await create().embed([longest], 'document', NEVER)).vectors).toHaveLength(1);
    expect(await failureIn(create().embed([`${longest}more words`], 'document', NEVER))).toMatchObject({ failure: 'too_large' });
  });
});
