import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPineconeReranker } from '#src/adapters/reranker/pinecone.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { PINECONE_KEY, startPinecone } from '../../../support/emulators/pinecone/pinecone.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { describeReranker } from './reranker-laws.ts';

describeReranker({
  name: 'Pinecone reranking',
  secret: PINECONE_KEY,
  start: () => startPinecone(),
  create: (url, { secret = PINECONE_KEY } = {}) => createPineconeReranker({ model: 'bge-reranker-v2-m3', controllerHost: url, apiKey: secret }),
  answerWith: (ranked) => JSON.stringify({ model: 'm', data: ranked.map(([index, score]) => ({ index, score })), usage: { rerank_units: 1 } }),
});

const NEVER = new AbortController().signal;

describe('Pinecone reranking', () => {
  scrubEnvironment();
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startPinecone();
  });
  afterAll(() => emulator.close());

  const rerankBy = (model: string) =>
    createPineconeReranker({ model, apiKey: PINECONE_KEY, controllerHost: emulator.url }).rerank('tree', ['a tree', 'a river'], NEVER);
  const sent = () => JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '');

  test('asks for every score and for no document back', async () => {
    await rerankBy('bge-reranker-v2-m3');
    expect(sent()).toMatchObject({ top_n: 2, return_documents: false, parameters: { truncate: 'END' } });
  });

  test('asks no model of Cohere to truncate', async () => {
    expect(await rerankBy('cohere-rerank-3.5')).toHaveLength(2);
    expect(sent().parameters).toEqual({});
  });

  test('by an unknown model is not_found', async () => {
    expect(await failureIn(rerankBy('nothing-v1'))).toMatchObject({ failure: 'not_found', status: 404 });
  });
});
