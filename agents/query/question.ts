import type { AskOptions, Source } from '#src/ports/answer.ts';
import type { SearchRequest } from '#src/ports/store.ts';
import type { Candidate } from './answer-writer.ts';

/** A question on its way, with all that is particular to it. */
export interface Question {
  readonly text: string;
  readonly options: AskOptions;
  readonly search: SearchRequest;
  /** The cache's keys; undefined where the documents' epoch is not known, so that nothing may be kept. */
  readonly keys: { readonly answer: string; readonly retrieval: string } | undefined;
  /** Who answers, in order. */
  readonly candidates: readonly Candidate[];
  readonly temperature: number;
  /** For whom providers are asked: those who wait share what there is fairly. */
  readonly owner: string;
  /** When who asked has to have the answer, on the kernel's clock. */
  readonly deadlineMs: number;
  /** What its one reader already has of the answer, from a query that died. */
  readonly sentText: string;
  /** The evidence that its one reader has, where the documents may say something else by now: it is answered from this. */
  readonly sentSources?: readonly Source[] | undefined;
}
