import type { Answer } from '#agents/query/query.agent.ts';
import type { AskOptions, Source } from '#src/ports/answer.ts';
import type { TenantStore } from '#src/ports/store.ts';
import type { Asked } from '#supervisors/kernel/process.ts';

/** A question as a session or a route brings it, with the data that its asker may see. */
export interface RagQuestion {
  readonly store: TenantStore;
  readonly text: string;
  readonly options: AskOptions;
}

/** A question that is on its way to the disk, and will be opened when it is there. */
export interface ExpectedQuestion extends RagQuestion {
  /** For whom providers are asked: a session. */
  readonly owner: string;
}

/** A question that has to be answered now. */
export interface OpenQuestion extends RagQuestion {
  /** For whom providers are asked: a session. */
  readonly owner: string;
  /** On the kernel's clock. */
  readonly deadlineMs: number;
  /** What was sent of the answer before; it goes on from there. */
  readonly sent: string;
  /** The evidence that was sent before; undefined when none was. */
  readonly sentSources: readonly Source[] | undefined;
}

/** An answer that was kept, or the name of the query that will give one. */
export type Opened = { readonly kind: 'cached'; readonly answer: Answer } | { readonly kind: 'query'; readonly name: string };

export type QuestionOutcome = 'hit' | 'miss' | 'error' | 'cancelled';

export type RagEvent =
  /** Finds the answer or the query of a question, and starts the query where there is none. */
  { readonly type: 'open'; readonly question: OpenQuestion } & Asked<Opened>;
