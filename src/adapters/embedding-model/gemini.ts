import type { GoogleGenAI } from '@google/genai/web';
import type { EmbeddingModel, EmbeddingPurpose } from '#src/ports/embedding-model.ts';
import { checkApiKey } from '../api-key.ts';
import { geminiErrorFields } from '../language-model/gemini-failure.ts';
import { failureOfSdk, fetchForSdk } from '../sdk-fetch.ts';
import type { SdkCall } from '../sdk-fetch.ts';
import { networkFailure } from '../wire/failure.ts';
import { countIn, fieldsOf } from './answer-fields.ts';
import { checkTexts } from './check-texts.ts';
import { checkVectors } from './check-vectors.ts';

export interface GeminiEmbeddingsOptions {
  readonly model: string;
  readonly apiKey: string;
  /** 128 to 3072. */
  readonly dimension: number;
  /** Google's when absent. */
  readonly baseUrl?: string;
  /** @defaultValue v1beta */
  readonly apiVersion?: string;
  /** Tells several keys apart. @defaultValue key-1 */
  readonly accountName?: string;
}

/** Texts of a request are known from use, not documented; its bytes are neither: 100 texts of 4 KB. */
const BATCH = { maxItems: 100, maxBytes: 400_000 };
const TASK: Readonly<Record<EmbeddingPurpose, string>> = { query: 'RETRIEVAL_QUERY', document: 'RETRIEVAL_DOCUMENT' };

/**
 * Gemini embeddings by key. A text beyond the model's limit (2048 tokens of gemini-embedding-001, 8192 of
 * gemini-embedding-2) is embedded by its beginning.
 */
export function createGeminiEmbeddings(options: GeminiEmbeddingsOptions): EmbeddingModel {
  const { model, apiKey, dimension } = options;
  const account = `gemini/${options.accountName ?? 'key-1'}/${model}`;
  let client: Promise<GoogleGenAI> | undefined;
  return {
    id: `gemini:${model}`,
    account,
    dimension,
    batch: BATCH,
    async embed(texts, purpose, signal) {
      checkApiKey(apiKey, account);
      checkTexts(texts, BATCH, account);
      if (texts.length === 0) return { vectors: [], inputTokens: 0 };
      if (signal.aborted) throw networkFailure(account, signal.reason, signal);
      const call: SdkCall = { account, signal, errorOf: geminiErrorFields };
      try {
        const answer = await (await (client ??= loadClient(options))).models.embedContent({
          model,
          // A list of strings is one content of several parts for newer models, and so one vector.
          contents: texts.map((text) => ({ parts: [{ text }] })),
          config: {
            taskType: TASK[purpose],
            outputDimensionality: dimension,
            httpOptions: { fetch: (url, init) => fetchForSdk(call, apiKey, url, init) },
          },
        });
        const { embeddings, usageMetadata } = fieldsOf(answer);
        const vectors = checkVectors(valuesOf(embeddings), { account, count: texts.length, dimension });
        return { vectors, inputTokens: countIn(fieldsOf(usageMetadata)['promptTokenCount']) };
      } catch (error) {
        throw failureOfSdk(call, error);
      }
    },
  };
}

/** The entry that reads no environment and loads no Google sign-in. */
async function loadClient({ apiKey, baseUrl, apiVersion = 'v1beta' }: GeminiEmbeddingsOptions): Promise<GoogleGenAI> {
  const { GoogleGenAI } = await import('@google/genai/web');
  return new GoogleGenAI({ apiKey, vertexai: false, apiVersion, httpOptions: baseUrl === undefined ? {} : { baseUrl } });
}

function valuesOf(embeddings: unknown): unknown {
  return Array.isArray(embeddings) ? embeddings.map((embedding: unknown) => fieldsOf(embedding)['values']) : embeddings;
}
