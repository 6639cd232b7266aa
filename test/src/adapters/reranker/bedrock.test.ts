import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createBedrockReranker } from '#src/adapters/reranker/bedrock.ts';
import { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, BEDROCK_KEY, startBedrock } from '../../../support/emulators/bedrock/bedrock.ts';
import type { BedrockEmulator } from '../../../support/emulators/bedrock/bedrock.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { describeReranker } from './reranker-laws.ts';

const MODEL = { model: 'cohere.rerank-v3-5:0', region: 'us-east-1' };
const NEVER = new AbortController().signal;
const credentials = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
const answerWith = (ranked: readonly (readonly [unknown, unknown])[]) =>
  JSON.stringify({ results: ranked.map(([index, relevanceScore]) => ({ index, relevanceScore })) });

describeReranker({
  name: 'Bedrock reranking by key',
  secret: BEDROCK_KEY,
  start: () => startBedrock(),
  create: (url, { secret = BEDROCK_KEY } = {}) => createBedrockReranker({ ...MODEL, endpoint: url, bearerToken: secret }),
  answerWith,
});

describeReranker({
  name: 'Bedrock reranking by signature',
  secret: AWS_SECRET_ACCESS_KEY,
  environment: credentials,
  start: () => startBedrock(),
  create: (url, { secret } = {}) => {
    if (secret !== undefined) vi.stubEnv('AWS_SECRET_ACCESS_KEY', secret);
    return createBedrockReranker({ ...MODEL, endpoint: url });
  },
  answerWith,
});

describe('Bedrock reranking', () => {
  scrubEnvironment(credentials);
  let emulator: BedrockEmulator;
  beforeAll(async () => {
    emulator = await startBedrock();
  });
  afterAll(() => emulator.close());

  const rerankBy = (model: string, region = 'us-east-1') =>
    createBedrockReranker({ model, region, endpoint: emulator.url }).rerank('tree', ['a tree', 'a river'], NEVER);

  test('carries the session token of temporary credentials', async () => {
    emulator.accounts.set('ASIATEMPORARY0000001', { secretAccessKey: 'temporary-secret', sessionToken: 'a-session' });
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'ASIATEMPORARY0000001');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'temporary-secret');
    expect(await failureIn(rerankBy(MODEL.model))).toMatchObject({ failure: 'auth', status: 403 });
    vi.stubEnv('AWS_SESSION_TOKEN', 'a-session');
    expect(await rerankBy(MODEL.model)).toHaveLength(2);
  });

  test('without any credentials is auth, and sends nothing', async () => {
    for (const name of Object.keys(credentials)) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
    const before = emulator.requests.length;
    expect(await failureIn(rerankBy(MODEL.model))).toMatchObject({ failure: 'auth' });
    expect(emulator.requests.length).toBe(before);
  });

  test('takes the ARN of a model', async () => {
    expect(await rerankBy('arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0')).toHaveLength(2);
  });

  test('by an unknown model is not_found, by one of other regions bad_request', async () => {
    expect(await failureIn(rerankBy('cohere.rerank-v9:0'))).toMatchObject({ failure: 'not_found', status: 404 });
    expect(await failureIn(rerankBy('amazon.rerank-v1:0'))).toMatchObject({ failure: 'bad_request', status: 400 });
  });

  test('judges what is too long for the service by its beginning', async () => {
    const reranker = createBedrockReranker({ ...MODEL, endpoint: emulator.url });
    const long = `${'x'.repeat(31_999)}😀`;
    expect(await reranker.rerank('word '.repeat(3000), [long, 'short'], NEVER)).toHaveLength(2);
    const { sources, queries } = JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '');
    expect(queries[0].textQuery.text).toHaveLength(9000);
    expect(sources[0].inlineDocumentSource.textDocument.text).toBe('x'.repeat(31_999));
  });

  test('an error has the id of its request', async () => {
    emulator.script({ error: 'throttled' });
    const failure = await failureIn(rerankBy(MODEL.model));
    expect(failure).toMatchObject({ failure: 'rate_limited', retryAfterMs: 1000 });
    expect(failure.requestId).toBeDefined();
  });
});
