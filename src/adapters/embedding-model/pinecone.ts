import type { EmbeddingModel, EmbeddingPurpose } from '#src/ports/embedding-model.ts';
import { createPineconeClient, pineconeCall } from '../pinecone-client.ts';
import type { PineconeOptions } from '../pinecone-client.ts';
import { countIn, fieldsOf } from './answer-fields.ts';
import { checkTexts } from './check-texts.ts';
import { checkVectors } from './check-vectors.ts';

export interface PineconeEmbeddingsOptions extends PineconeOptions {
  readonly model: string;
  readonly dimension: number;
}

const INPUT_TYPE: Readonly<Record<EmbeddingPurpose, string>> = { query: 'query', document: 'passage' };
/** Inputs of a request are documented for each model, its bytes are not. */
const BATCH = { maxItems: 96, maxBytes: 1_000_000 };
/** The models that have several dimensions; the others refuse to be asked. */
const HAS_DIMENSION = /^llama-text-embed/;

/**
 * Dense embeddings of Pinecone inference. A text beyond the model's limit (507 tokens of multilingual-e5-large, 2048 of
 * llama-text-embed-v2) is embedded by its beginning.
 */
export function createPineconeEmbeddings(options: PineconeEmbeddingsOptions): EmbeddingModel {
  const { model, dimension } = options;
  const account = `pinecone/inference/${model}`;
  const client = createPineconeClient(options);
  return {
    id: `pinecone:${model}`,
    account,
    dimension,
    batch: BATCH,
    async embed(texts, purpose, signal) {
      checkTexts(texts, BATCH, account);
      if (texts.length === 0) return { vectors: [], inputTokens: 0 };
      const parameters = { inputType: INPUT_TYPE[purpose], truncate: 'END', ...dimensionParameter(options) };
      const call = async () => (await client()).inference.embed({ model, inputs: [...texts], parameters });
      const answer = fieldsOf(await pineconeCall(call, signal, account));
      const vectors = checkVectors(valuesOf(answer['data']), { account, count: texts.length, dimension });
      return { vectors, inputTokens: countIn(fieldsOf(answer['usage'])['totalTokens']) };
    },
  };
}

/** The SDK's type says string, the service wants a number, and the SDK passes on what it gets. */
function dimensionParameter({ model, dimension }: PineconeEmbeddingsOptions): Record<string, string> {
  const parameter: Record<string, unknown> = HAS_DIMENSION.test(model) ? { dimension } : {};
  return parameter as Record<string, string>;
}

function valuesOf(data: unknown): unknown {
  return Array.isArray(data) ? data.map((item) => fieldsOf(item)['values']) : data;
}
