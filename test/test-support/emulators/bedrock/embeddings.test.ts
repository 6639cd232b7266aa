import { InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BedrockEmulator } from '../../../support/emulators/bedrock/bedrock.ts';
import { BEDROCK_KEY, startBedrock } from '../../../support/emulators/bedrock/bedrock.ts';
import { embedText } from '../../../support/emulators/embedding.ts';
import { signedClient } from './bedrock-client.ts';

const TITAN = 'amazon.titan-embed-text-v2:0';
const V3 = 'cohere.embed-multilingual-v3';
const V4 = 'cohere.embed-v4:0';
let emulator: BedrockEmulator;
let client: BedrockRuntimeClient;

beforeAll(async () => {
  emulator = await startBedrock();
  client = signedClient(emulator.url);
});
afterAll(async () => {
  client.destroy();
  await emulator.close();
});

async function invoke(modelId: string, body: object): Promise<unknown> {
  const answer = await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  return JSON.parse(answer.body.transformToString());
}

async function bearer(path: string, body: object): Promise<Response> {
  return await fetch(`${emulator.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${BEDROCK_KEY}` }, body: JSON.stringify(body) });
}

describe('Titan', () => {
  test.each([[undefined, 1024], [256, 256], [512, 512], [1024, 1024]])('dimensions %s give a unit vector of %d', async (dimensions, length) => {
    const body = await invoke(TITAN, { inputText: 'warm tea', ...(dimensions && { dimensions }) });
    expect(body).toMatchObject({ embedding: embedText('warm tea', length), inputTextTokenCount: 2 });
  });

  test('a vector that was not asked to be normalised is not of unit length', async () => {
    const { embedding } = await invoke(TITAN, { inputText: 'warm tea', dimensions: 256, normalize: false }) as { embedding: number[] };
    expect(Math.hypot(...embedding)).toBeGreaterThan(2);
  });

  test.each([
    ['another dimension', { inputText: 'x', dimensions: 300 }, /300 is not a valid enum value/],
    ['no text', { inputText: '' }, /minLength: 1/],
    ['several texts', { inputText: ['a', 'b'] }, /#\/inputText: must be string/],
    ['an unknown field', { inputText: 'x', texts: ['y'] }, /extraneous key \[texts\]/],
    ['50 001 characters', { inputText: 'x'.repeat(50_001) }, /maxLength: 50000/],
    ['8193 tokens', { inputText: 'word '.repeat(8192) }, /Too many input tokens/],
  ])('%s is refused', async (_, body, message) => {
    await expect(invoke(TITAN, body)).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringMatching(message) });
  });

  test('the count of tokens is in a header', async () => {
    const answer = await bearer(`/model/${encodeURIComponent(TITAN)}/invoke`, { inputText: 'warm tea' });
    expect(answer.headers.get('x-amzn-bedrock-input-token-count')).toBe('2');
  });
});

describe('Cohere', () => {
  const texts = ['warm tea', 'cold rain'];

  test('vectors come as a list where no type was asked for, by type otherwise', async () => {
    expect(await invoke(V3, { texts, input_type: 'search_document' }))
      .toMatchObject({ response_type: 'embeddings_floats', embeddings: texts.map((text) => embedText(text, 1024)) });
    expect(await invoke(V4, { texts, input_type: 'search_query', embedding_types: ['float'], output_dimension: 512 }))
      .toMatchObject({ response_type: 'embeddings_by_type', embeddings: { float: texts.map((text) => embedText(text, 512)) } });
  });

  test('the model is reached through an inference profile, too', async () => {
    expect(await invoke(`us.${V4}`, { texts, input_type: 'search_query' })).toMatchObject({ embeddings: [{ length: 1536 }, { length: 1536 }] });
  });

  test.each([
    ['97 texts', V3, { texts: Array.from({ length: 97 }, () => 'x'), input_type: 'search_query' }, /maximum item count: 96/],
    ['no purpose', V3, { texts }, /required/],
    ['a dimension for v3', V3, { texts, input_type: 'search_query', output_dimension: 512 }, /extraneous key/],
    ['an unknown dimension', V4, { texts, input_type: 'search_query', output_dimension: 300 }, /300/],
    ['the truncation of v4 in v3', V3, { texts, input_type: 'search_query', truncate: 'RIGHT' }, /truncate/],
    ['2049 characters in v3', V3, { texts: ['x'.repeat(2049)], input_type: 'search_query' }, /maxLength: 2048/],
  ])('%s is refused', async (_, model, body, message) => {
    await expect(invoke(model, body)).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringMatching(message) });
  });
});

describe('models', () => {
  test.each([
    ['an unknown one', 'amazon.titan-embed-text-v9:0', 'ValidationException'],
    ['one that has ended', 'anthropic.claude-3-haiku-20240307-v1:0', 'ResourceNotFoundException'],
    ['a profile that nobody has', 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/none', 'ResourceNotFoundException'],
  ])('%s is refused', async (_, model, name) => {
    await expect(invoke(model, { inputText: 'x' })).rejects.toMatchObject({ name });
  });

  test('an unknown operation is refused', async () => {
    expect((await bearer(`/model/${encodeURIComponent(TITAN)}/dance`, {})).status).toBe(404);
  });

  test.each([
    ['throttled', 429, 'ThrottlingException'], ['internal', 500, 'InternalServerException'], ['unavailable', 503, 'ServiceUnavailableException'],
    ['timeout', 408, 'ModelTimeoutException'], ['model_error', 424, 'ModelErrorException'], ['access_denied', 403, 'AccessDeniedException'],
  ])('a scripted error %s is %d %s', async (error, httpStatusCode, name) => {
    emulator.script({ error });
    await expect(invoke(TITAN, { inputText: 'x' })).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
  });
});

describe('rerank', () => {
  const documents = ['Computers multiply matrices.', 'Bananas grow in warm places.', 'Rain is wet.'];

  function request(model = 'cohere.rerank-v3-5:0', numberOfResults = 3): object {
    return {
      queries: [{ type: 'TEXT', textQuery: { text: 'Where do bananas grow?' } }],
      sources: documents.map((text) => ({ type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text } } })),
      rerankingConfiguration: {
        type: 'BEDROCK_RERANKING_MODEL',
        bedrockRerankingConfiguration: { numberOfResults, modelConfiguration: { modelArn: `arn:aws:bedrock:us-east-1::foundation-model/${model}` } },
      },
    };
  }

  test('sources come back by relevance, best first, as many as were asked for', async () => {
    const { results } = await (await bearer('/rerank', request(undefined, 2))).json() as { results: { index: number; relevanceScore: number }[] };
    expect(results.map(({ index }) => index)).toEqual([1, expect.any(Number)]);
    expect(results[0]?.relevanceScore).toBeGreaterThan(results[1]?.relevanceScore ?? 1);
  });

  test.each([
    ['an unknown model', request('cohere.rerank-v9:0'), 404],
    ['a model that is not in the region', request('amazon.rerank-v1:0'), 400],
    ['more results than sources', request(undefined, 4), 400],
    ['no source', { ...request(), sources: [] }, 400],
    ['an unknown field', { ...request(), topN: 1 }, 400],
  ])('%s is refused', async (_, body, status) => {
    expect((await bearer('/rerank', body)).status).toBe(status);
  });
});
