import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import { countIn, fieldsOf } from './answer-fields.ts';
import { createInvocation } from './bedrock-invocation.ts';
import type { BedrockEmbeddingsOptions } from './bedrock-invocation.ts';
import { checkTexts } from './check-texts.ts';
import { checkVectors } from './check-vectors.ts';

/** The model takes one text of at most 8192 tokens, which have about 3 bytes each in code and in Chinese, more in prose. */
const BATCH = { maxItems: 1, maxBytes: 24_576 };

/** Amazon Titan Text Embeddings V2 on Bedrock, of 256, 512 or 1024 dimensions. It embeds questions as it does documents. */
export function createTitanEmbeddings(options: BedrockEmbeddingsOptions): EmbeddingModel {
  const { dimension } = options;
  const { account, invoke } = createInvocation(options);
  return {
    id: `bedrock:${options.model}`,
    account,
    dimension,
    batch: BATCH,
    async embed(texts, _purpose, signal) {
      checkTexts(texts, BATCH, account);
      const [inputText] = texts;
      if (inputText === undefined) return { vectors: [], inputTokens: 0 };
      const { body, inputTokens } = await invoke({ inputText, dimensions: dimension, normalize: true }, signal);
      const answer = fieldsOf(body);
      const vectors = checkVectors([answer['embedding']], { account, count: 1, dimension });
      return { vectors, inputTokens: countIn(answer['inputTextTokenCount']) ?? inputTokens };
    },
  };
}
