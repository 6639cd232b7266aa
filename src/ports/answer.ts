/** The parts of an answer, with the names that clients read on the wire (docs/protocol.md). */

/** Free metadata of a document, as its owner sent it. */
export type Metadata = Readonly<Record<string, string | number | boolean | null>>;

/** A chunk of a document that was given to the model as evidence. */
export interface Source {
  /** The chunk's id, stable for one version of the document. */
  readonly id: string;
  readonly document_id: string;
  readonly title: string;
  readonly uri: string | null;
  readonly text: string;
  /** Relevance; only the order within one answer means something. */
  readonly score: number;
  readonly metadata: Metadata;
}

/** `answer.slice(start, end)` is supported by the source. Offsets count UTF-16 units. */
export interface Citation {
  readonly source_id: string;
  readonly start: number;
  readonly end: number;
}

export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
}

export type Finish = 'stop' | 'length' | 'refused' | 'cancelled';

/** The parts of the flow that were missing when the answer was made. */
export type Degraded = 'model' | 'vectors' | 'reranker' | 'lexical' | 'cache';

/** What an asker may choose. Every one of them changes the answer, so all are part of the cache key. */
export interface AskOptions {
  readonly top_k?: number;
  readonly rerank?: boolean;
  readonly filter?: Metadata;
  readonly model?: string;
  readonly temperature?: number;
  readonly language?: string;
}

/** An answer without what is particular to the one who asked: what the cache keeps and a query hands out. */
export type Answer = Omit<AnswerEnd, 'cache_hit' | 'latency_ms'>;

/** The end of a turn that has an answer. The deltas of the turn, joined, equal `answer`. */
export interface AnswerEnd {
  readonly answer: string;
  readonly citations: readonly Citation[];
  readonly sources: readonly Source[];
  readonly cache_hit: boolean;
  readonly latency_ms: number;
  readonly degraded: readonly Degraded[];
  readonly finish: Finish;
  readonly usage: Usage;
  readonly model: string;
}
