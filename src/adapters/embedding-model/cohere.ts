import type { EmbeddingModel, EmbeddingPurpose } from '#src/ports/embedding-model.ts';
import { fieldsOf } from './answer-fields.ts';
import { createInvocation } from './bedrock-invocation.ts';
import type { BedrockEmbeddingsOptions } from './bedrock-invocation.ts';
import { checkTexts } from './check-texts.ts';
import { checkVectors } from './check-vectors.ts';

/** Texts of a request are documented; its bytes are not: 96 texts of 2 KB. */
const BATCH = { maxItems: 96, maxBytes: 200_000 };
const INPUT_TYPE: Readonly<Record<EmbeddingPurpose, string>> = { query: 'search_query', document: 'search_document' };
/** Version 3 has one dimension (1024), and other words for cutting a text at its end. */
const IS_V3 = /cohere\.embed-(?:english|multilingual)-v3/;
/** Of a text in version 3, which refuses a longer one whatever is asked. */
const MAX_V3_LENGTH = 2048;

/** Cohere Embed 3 and 4 on Bedrock. A text beyond the model's limit is embedded by its beginning. */
export function createCohereEmbeddings(options: BedrockEmbeddingsOptions): EmbeddingModel {
  const { dimension } = options;
  const { account, invoke } = createInvocation(options);
  const isV3 = IS_V3.test(options.model);
  const parameters = isV3 ? { truncate: 'END' } : { output_dimension: dimension, truncate: 'RIGHT' };
  return {
    id: `bedrock:${options.model}`,
    account,
    dimension,
    batch: BATCH,
    async embed(texts, purpose, signal) {
      checkTexts(texts, BATCH, account);
      if (texts.length === 0) return { vectors: [], inputTokens: 0 };
      const cut = isV3 ? texts.map((text) => text.slice(0, MAX_V3_LENGTH).toWellFormed()) : texts;
      const request = { texts: cut, input_type: INPUT_TYPE[purpose], embedding_types: ['float'], ...parameters };
      const { body, inputTokens } = await invoke(request, signal);
      const vectors = checkVectors(floatsIn(body), { account, count: texts.length, dimension });
      return { vectors, inputTokens };
    },
  };
}

/** They come as a list, or by their type where types were asked for: both are seen. */
function floatsIn(body: unknown): unknown {
  const { embeddings } = fieldsOf(body);
  return Array.isArray(embeddings) ? embeddings : fieldsOf(embeddings)['float'];
}
