import type { Citation, Source } from '#src/ports/answer.ts';

export type { Answer } from '#src/ports/answer.ts';

/** What there is of an answer that was stopped. */
export interface PartialAnswer {
  readonly citations: readonly Citation[];
  readonly sources: readonly Source[];
}
