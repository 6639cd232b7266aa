/** Ranking of chunks by their words (BM25). Lives inside a store's thread, so its calls are synchronous. */
export interface LexicalIndex {
  /** Adds a chunk under its row number. Throws when the row is already there. */
  add(rowId: number, terms: readonly string[]): void;
  remove(rowId: number): void;
  /**
   * Matches, best first, made as they are read: stop reading when there are enough.
   * Repeated `terms` weigh more: the query's own term frequency counts.
   */
  search(terms: readonly string[]): Iterable<LexicalMatch>;
  /** How many chunks there are, and how many of them hold each term. */
  statistics(terms: readonly string[]): TermStatistics;
}

export interface LexicalMatch {
  readonly rowId: number;
  /** Higher is better. */
  readonly score: number;
}

export interface TermStatistics {
  readonly chunkCount: number;
  /** Term → number of chunks that hold it; absent terms are 0. */
  readonly documentFrequency: Readonly<Record<string, number>>;
}
