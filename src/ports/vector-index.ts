import type { Metadata } from './answer.ts';
import type { BatchLimits } from './embedding-model.ts';

/** The vector of one chunk. */
export interface VectorRecord {
  /** ASCII, at most 512 characters: `hash(document)#version#n` (src/rag/vector-id.ts). */
  readonly id: string;
  /** Of unit length and of the index's dimension. */
  readonly values: Float32Array;
  /** The document's own metadata, to filter by. */
  readonly metadata: Metadata;
  /** The chunk's text, for indexes that others read, too. The store remains the place where it is read from. */
  readonly text: string;
  readonly title: string;
  readonly uri: string | null;
}

export interface VectorQuery {
  readonly vector: Float32Array;
  readonly topK: number;
  /** Only records whose metadata holds all of these. */
  readonly filter?: Metadata;
}

export interface VectorMatch {
  readonly id: string;
  /** Cosine similarity; higher is better. */
  readonly score: number;
  /** What an index that somebody else filled holds of the text; absent where the store has it. */
  readonly foreign?: { readonly text: string; readonly title: string; readonly uri: string | null; readonly metadata: Metadata };
}

/** Where vectors live: one space per tenant and collection. One call is one request. */
export interface VectorIndex {
  /** `provider:index`, as settings and logs name it. */
  readonly id: string;
  /** As in EmbeddingModel. */
  readonly account: string;
  readonly batch: BatchLimits;
  /** A space of its own for a tenant's collection: what is written through one is never found through another. */
  space(tenant: string, collection: string): VectorSpace;
  /** The dimension that the index was made with; undefined while it does not exist and the first write makes it. Rejects with ProviderError. */
  dimension(signal: AbortSignal): Promise<number | undefined>;
}

/** Every method rejects with ProviderError. */
export interface VectorSpace {
  /** A record with the same id is replaced. */
  upsert(records: readonly VectorRecord[], signal: AbortSignal): Promise<void>;
  /** Best first. May miss what was written a moment ago, and may hold what was deleted a moment ago. */
  query(query: VectorQuery, signal: AbortSignal): Promise<readonly VectorMatch[]>;
  /** Removes all records whose id begins with `prefix`; none is no error. */
  deleteByPrefix(prefix: string, signal: AbortSignal): Promise<void>;
  count(signal: AbortSignal): Promise<number>;
}
