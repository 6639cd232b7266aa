import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCohereEmbeddings } from '#src/adapters/embedding-model/cohere.ts';
import { BEDROCK_KEY, startBedrock } from '../../../support/emulators/bedrock/bedrock.ts';
import type { BedrockEmulator } from '../../../support/emulators/bedrock/bedrock.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { describeEmbeddings } from './embedding-laws.ts';

const V3 = { model: 'cohere.embed-multilingual-v3', region: 'us-east-1' };
const V4 = { model: 'cohere.embed-v4:0', region: 'us-east-1' };
const NEVER = new AbortController().signal;

for (const { model, region } of [V3, V4]) {
  describeEmbeddings({
    name: `Cohere embeddings of ${model}`,
    dimension: 1024,
    secret: BEDROCK_KEY,
    start: () => startBedrock(),
    create: (url, { secret = BEDROCK_KEY, dimension = 1024 } = {}) =>
      createCohereEmbeddings({ model, region, endpoint: url, bearerToken: secret, dimension }),
    answerWith: (vectors) => JSON.stringify({ embeddings: { float: vectors } }),
  });
}

describe('Cohere embeddings', () => {
  scrubEnvironment();
  let emulator: BedrockEmulator;
  beforeAll(async () => {
    emulator = await startBedrock();
  });
  afterAll(() => emulator.close());

  const create = (model: typeof V3, dimension = 1024) =>
    createCohereEmbeddings({ ...model, dimension, endpoint: emulator.url, bearerToken: BEDROCK_KEY });
  const sent = () => JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '');

  test('name themselves as the port asks', () => {
    expect(create(V4)).toMatchObject({ id: 'bedrock:cohere.embed-v4:0', account: 'bedrock/us-east-1/cohere.embed-v4:0', batch: { maxItems: 96 } });
  });

  test('say whether a text is a question or a document, and count the tokens that a header tells', async () => {
    const { inputTokens } = await create(V3).embed(['What is it?', 'Where?'], 'query', NEVER);
    expect(inputTokens).toBeGreaterThan(0);
    expect(sent()).toMatchObject({ input_type: 'search_query', truncate: 'END' });
    await create(V4).embed(['It is this.'], 'document', NEVER);
    expect(sent()).toMatchObject({ input_type: 'search_document', truncate: 'RIGHT', output_dimension: 1024 });
  });

  test('have the dimension that version 4 is asked for, and refuse another', async () => {
    expect((await create(V4, 256).embed(['one'], 'document', NEVER)).vectors[0]).toHaveLength(256);
    expect(await failureIn(create(V4, 300).embed(['one'], 'document', NEVER))).toMatchObject({ failure: 'bad_request' });
    expect(await failureIn(create(V3, 512).embed(['one'], 'document', NEVER))).toMatchObject({ failure: 'bad_response' });
  });

  test('are seen in both shapes that answers have', async () => {
    const vector = Array.from({ length: 1024 }, (_, index) => (index === 7 ? 2 : 0));
    for (const embeddings of [[vector], { float: [vector] }]) {
      emulator.script({ body: JSON.stringify({ embeddings }) });
      expect((await create(V3).embed(['one'], 'document', NEVER)).vectors[0]?.[7]).toBe(1);
    }
  });

  test('of a text that version 3 would refuse are those of its beginning', async () => {
    const text = `${'x'.repeat(2047)}😀 and more`;
    expect((await create(V3).embed([text], 'document', NEVER)).vectors).toHaveLength(1);
    expect(sent().texts[0]).toHaveLength(2048);
    expect(sent().texts[0].isWellFormed()).toBe(true);
  });

  test('of 96 texts are 96', async () => {
    const texts = Array.from({ length: 96 }, (_, index) => `text ${index}`);
    expect((await create(V4).embed(texts, 'document', NEVER)).vectors).toHaveLength(96);
  });
});
