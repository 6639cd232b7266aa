import type { AnswerEnd, Citation, Source } from '#src/ports/answer.ts';

/** An answer without what is particular to the one who asked: what the cache keeps and a query hands out. */
export type Answer = Omit<AnswerEnd, 'cache_hit' | 'latency_ms'>;

/** What there is of an answer that was stopped. */
export interface PartialAnswer {
  readonly citations: readonly Citation[];
  readonly sources: readonly Source[];
}
