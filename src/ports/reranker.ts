import type { BatchLimits } from './embedding-model.ts';

/** Judges how well documents answer a question. One call is one request. */
export interface Reranker {
  /** `provider:model`. */
  readonly id: string;
  /** As in EmbeddingModel. */
  readonly account: string;
  readonly batch: BatchLimits;
  /** One score per document, in their order; higher is better. Rejects with ProviderError. */
  rerank(question: string, documents: readonly string[], signal: AbortSignal): Promise<readonly number[]>;
}
