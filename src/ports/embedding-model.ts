/** Some models place questions and documents differently. */
export type EmbeddingPurpose = 'query' | 'document';

/** How much one request may hold. */
export interface BatchLimits {
  readonly maxItems: number;
  /** Of the request's body, in UTF-8. */
  readonly maxBytes: number;
}

export interface Embeddings {
  /** One per text, in their order, of unit length. */
  readonly vectors: readonly Float32Array[];
  /** Undefined where the provider does not count. */
  readonly inputTokens: number | undefined;
}

/** Turns texts into vectors. One call is one request: who calls keeps the limits, tries again and waits. */
export interface EmbeddingModel {
  /** `provider:model`, as settings and logs name it. */
  readonly id: string;
  /** What shares a rate limit and an illness: `provider/account or region/model`. Fuse and governor are kept by it. */
  readonly account: string;
  readonly dimension: number;
  readonly batch: BatchLimits;
  /** Rejects with ProviderError; with `aborted` once `signal` is aborted, its socket then being closed. */
  embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Embeddings>;
}
