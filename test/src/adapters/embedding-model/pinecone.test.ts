import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPineconeEmbeddings } from '#src/adapters/embedding-model/pinecone.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { PINECONE_KEY, startPinecone } from '../../../support/emulators/pinecone/pinecone.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { describeEmbeddings } from './embedding-laws.ts';

describeEmbeddings({
  name: 'Pinecone embeddings',
  dimension: 1024,
  secret: PINECONE_KEY,
  start: () => startPinecone(),
  create: (url, { secret = PINECONE_KEY, dimension = 1024 } = {}) =>
    createPineconeEmbeddings({ model: 'multilingual-e5-large', controllerHost: url, apiKey: secret, dimension }),
  answerWith: (vectors) =>
    JSON.stringify({ model: 'm', vector_type: 'dense', data: vectors.map((values) => ({ vector_type: 'dense', values })), usage: { total_tokens: 1 } }),
});

const NEVER = new AbortController().signal;

describe('Pinecone embeddings', () => {
  scrubEnvironment();
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startPinecone();
  });
  afterAll(() => emulator.close());

  const create = (model: string, dimension: number) => createPineconeEmbeddings({ model, dimension, apiKey: PINECONE_KEY, controllerHost: emulator.url });

  test('name themselves as the port asks', () => {
    const account = 'pinecone/inference/multilingual-e5-large';
    expect(create('multilingual-e5-large', 1024)).toMatchObject({ id: 'pinecone:multilingual-e5-large', account, dimension: 1024 });
  });

  test('say whether a text is a question or a document, count tokens and cut what is too long', async () => {
    const model = create('multilingual-e5-large', 1024);
    expect((await model.embed(['What is it?'], 'query', NEVER)).inputTokens).toBeGreaterThan(0);
    expect(JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '')).toMatchObject({ parameters: { input_type: 'query', truncate: 'END' } });
    expect((await model.embed(['word '.repeat(3000)], 'document', NEVER)).vectors).toHaveLength(1);
    expect(JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '')).toMatchObject({ parameters: { input_type: 'passage' } });
  });

  test('ask for the dimension where a model has several', async () => {
    const { vectors } = await create('llama-text-embed-v2', 768).embed(['one'], 'document', NEVER);
    expect(vectors[0]).toHaveLength(768);
    expect(await failureIn(create('llama-text-embed-v2', 100).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'bad_request', status: 400 });
  });

  test('of a model with another dimension are bad_response, of a sparse model too', async () => {
    expect(await failureIn(create('multilingual-e5-large', 768).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'bad_response' });
    expect(await failureIn(create('pinecone-sparse-english-v0', 768).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'bad_response' });
  });

  test('of an unknown model are not_found, unpaid ones quota', async () => {
    expect(await failureIn(create('nothing-v1', 768).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'not_found', status: 404 });
    emulator.script({ status: 402, body: '{"error":{"code":"PAYMENT_REQUIRED","message":"pay"}}' });
    expect(await failureIn(create('multilingual-e5-large', 1024).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'quota', status: 402 });
  });

  test('two calls at a time each keep their own signal', async () => {
    const model = create('multilingual-e5-large', 1024);
    emulator.script({ hang: 'connect' });
    const hanging = failureIn(model.embed(['one'], 'query', AbortSignal.timeout(80)));
    const [answered] = await Promise.all([model.embed(['two'], 'query', NEVER), hanging]).catch(() => []);
    expect(answered?.vectors ?? (await hanging)).toBeDefined();
    expect(await hanging).toMatchObject({ failure: 'timeout' });
  });
});
