import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOpenAiEmbeddings } from '#src/adapters/embedding-model/openai.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { OPENAI_KEY, startOpenAi } from '../../../support/emulators/openai/openai.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { describeEmbeddings } from './embedding-laws.ts';

describeEmbeddings({
  name: 'OpenAI embeddings',
  dimension: 256,
  secret: OPENAI_KEY,
  start: () => startOpenAi(),
  create: (url, { secret = OPENAI_KEY, dimension = 256 } = {}) =>
    createOpenAiEmbeddings({ model: 'text-embedding-3-small', baseUrl: `${url}/v1`, apiKey: secret, dimension }),
  answerWith: (vectors) => JSON.stringify({ data: vectors.map((embedding, index) => ({ index, embedding })) }),
});

const NEVER = new AbortController().signal;

describe('OpenAI-compatible embeddings', () => {
  scrubEnvironment();
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startOpenAi();
  });
  afterAll(() => emulator.close());

  const create = (changes: Partial<Parameters<typeof createOpenAiEmbeddings>[0]> = {}) =>
    createOpenAiEmbeddings({ model: 'text-embedding-3-small', baseUrl: `${emulator.url}/v1/`, apiKey: OPENAI_KEY, dimension: 256, ...changes });
  const sent = () => JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '');
  const vectorsOf = async () => (await create({ dimension: 2 }).embed(['one', 'two'], 'document', NEVER)).vectors.map((vector) => [...vector]);
  const answer = (data: readonly object[]) => emulator.script({ body: JSON.stringify({ data }) });

  test('name themselves as the port asks, and the host in their account', () => {
    const account = `openai/${new URL(emulator.url).host}/text-embedding-3-small`;
    expect(create()).toMatchObject({ id: 'openai:text-embedding-3-small', account, dimension: 256, batch: { maxItems: 32 } });
  });

  test('ask for floats, for the dimension where the model has several, and count tokens', async () => {
    expect((await create().embed(['one'], 'query', NEVER)).inputTokens).toBeGreaterThan(0);
    expect(sent()).toEqual({ model: 'text-embedding-3-small', input: ['one'], encoding_format: 'float', dimensions: 256 });
    answer([{ index: 0, embedding: [3, 4] }]);
    await create({ model: 'nomic-embed-text', dimension: 2 }).embed(['one'], 'query', NEVER);
    expect(sent()).not.toHaveProperty('dimensions');
  });

  test('write the prefix of the purpose before each text', async () => {
    const prefixes = { query: 'search_query: ', document: 'search_document: ' };
    await create({ prefixes }).embed(['one', 'two'], 'document', NEVER);
    expect(sent().input).toEqual(['search_document: one', 'search_document: two']);
    await create({ prefixes }).embed(['one'], 'query', NEVER);
    expect(sent().input).toEqual(['search_query: one']);
  });

  test('are put in the order of the texts by their index, and need none', async () => {
    answer([{ index: 1, embedding: [0, 1] }, { index: 0, embedding: [1, 0] }]);
    expect(await vectorsOf()).toEqual([[1, 0], [0, 1]]);
    answer([{ embedding: [0, 1] }, { embedding: [1, 0] }]);
    expect(await vectorsOf()).toEqual([[0, 1], [1, 0]]);
  });

  test.each([[0, 0], [0, 2], [-1, 0], [0.5, 1], ['1', '0']])('with the indexes %j and %j are bad_response', async (one, two) => {
    answer([{ index: one, embedding: [1, 0] }, { index: two, embedding: [1, 0] }]);
    expect(await failureIn(create({ dimension: 2 }).embed(['one', 'two'], 'document', NEVER))).toMatchObject({ failure: 'bad_response' });
  });

  test('of a server that needs no key send none', async () => {
    answer([{ index: 0, embedding: [1, 0] }]);
    const { embed } = createOpenAiEmbeddings({ model: 'local', baseUrl: `${emulator.url}/v1`, dimension: 2 });
    await embed(['one'], 'query', NEVER);
    expect(emulator.requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  test('of a spent account are quota, of a text that the model finds too long too_large', async () => {
    emulator.script({ error: 'quota' });
    expect(await failureIn(create().embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'quota', status: 429 });
    emulator.script({ status: 400, body: '{"error":{"message":"too long","code":"context_length_exceeded"}}' });
    expect(await failureIn(create().embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'too_large', status: 400 });
  });

  test('of an unknown model are not_found', async () => {
    expect(await failureIn(create({ model: 'text-embedding-3-none' }).embed(['one'], 'query', NEVER))).toMatchObject({ failure: 'not_found', status: 404 });
  });
});
