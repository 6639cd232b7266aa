import type { EmbeddingModel, EmbeddingPurpose } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { OnRate } from '#src/ports/rate-hint.ts';
import { checkApiKey } from '../api-key.ts';
import { openAiErrorFields } from '../language-model/openai-failure.ts';
import { rateHintOf } from '../wire/rate-hint.ts';
import { requestJson } from '../wire/request.ts';
import { countIn, fieldsOf } from './answer-fields.ts';
import { checkTexts } from './check-texts.ts';
import { checkVectors } from './check-vectors.ts';

export interface OpenAiEmbeddingsOptions {
  readonly model: string;
  /** With its version, such as `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string;
  /** Local servers need none. */
  readonly apiKey?: string;
  readonly dimension: number;
  /** Names the key in `account`. @defaultValue the host */
  readonly accountName?: string;
  /** Texts in a request. @defaultValue 32, what text-embeddings-inference takes unless told otherwise; OpenAI takes 2048 */
  readonly maxItems?: number;
  /** Written before each text, for models that were trained with it, such as `search_query: `. */
  readonly prefixes?: Readonly<Record<EmbeddingPurpose, string>>;
  readonly onRate?: OnRate | undefined;
}

/** Below OpenAI's limit of 300,000 tokens in a request, as a token has a byte at least. */
const MAX_BYTES = 250_000;
/** The models that shorten their vectors on demand; the others refuse to be asked. */
const HAS_DIMENSIONS = /(?:^|\/)text-embedding-3/;

/** Embeddings of OpenAI and of every server that speaks its protocol: Ollama, llama.cpp, vLLM, LM Studio, TEI. */
export function createOpenAiEmbeddings(options: OpenAiEmbeddingsOptions): EmbeddingModel {
  const { model, dimension, apiKey, prefixes, onRate } = options;
  const account = `openai/${options.accountName ?? new URL(options.baseUrl).host}/${model}`;
  const url = `${options.baseUrl.replace(/\/+$/, '')}/embeddings`;
  const batch = { maxItems: options.maxItems ?? 32, maxBytes: MAX_BYTES };
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  return {
    id: `openai:${model}`,
    account,
    dimension,
    batch,
    async embed(texts, purpose, signal) {
      if (apiKey !== undefined) checkApiKey(apiKey, account);
      checkTexts(texts, batch, account);
      if (texts.length === 0) return { vectors: [], inputTokens: 0 };
      const input = prefixes === undefined ? texts : texts.map((text) => prefixes[purpose] + text);
      const dimensions = HAS_DIMENSIONS.test(model) ? { dimensions: dimension } : {};
      const body = { model, input, encoding_format: 'float', ...dimensions };
      const answered = await requestJson({ account, url, headers, body, signal, errorOf: openAiErrorFields });
      const hint = rateHintOf(answered.headers);
      if (hint !== undefined) onRate?.(account, hint);
      const answer = fieldsOf(answered.body);
      const vectors = checkVectors(inOrder(answer['data'], account), { account, count: texts.length, dimension });
      const usage = fieldsOf(answer['usage']);
      return { vectors, inputTokens: countIn(usage['prompt_tokens']) ?? countIn(usage['total_tokens']) };
    },
  };
}

/** Each vector says itself which text it belongs to. */
function inOrder(data: unknown, account: string): unknown[] {
  if (!Array.isArray(data)) throw new ProviderError('bad_response', account, 'expected a list of embeddings');
  const vectors: unknown[] = Array.from({ length: data.length });
  for (const [place, item] of data.entries()) {
    const { index = place, embedding } = fieldsOf(item);
    if (typeof index !== 'number' || !(index in vectors) || vectors[index] !== undefined) {
      throw new ProviderError('bad_response', account, `expected each of ${data.length} embeddings once, got index: ${String(index)}`);
    }
    vectors[index] = embedding;
  }
  return vectors;
}
