import type { ErrorBody } from '#src/errors.ts';
import type { Asked } from '#supervisors/kernel/process.ts';
import type { Answer, PartialAnswer } from './answer.ts';

/** A turn that waits for this answer. */
export interface Waiter {
  readonly session: string;
  readonly turn: string;
  /** The name of the process that is told the end. */
  readonly owner: string;
  /** What the turn's log already holds of the answer, from a query that died: the stream goes on behind it. */
  readonly sent: string;
  /** When it has to have the answer, on the kernel's clock. */
  readonly deadlineMs: number;
}

export type QueryEvent =
  | ({ readonly type: 'join'; readonly waiter: Waiter } & Asked<void>)
  /** Answers once nothing of this query reaches the turn any more. */
  | ({ readonly type: 'leave'; readonly turn: string } & Asked<PartialAnswer>)
  /** The process that a turn waits with has ended: the next one decides anew where the turn waits. */
  | { readonly type: 'owner.gone'; readonly turn: string }
  /** Nobody may have come back to a query whose waiters are gone. */
  | { readonly type: 'return.over' };

/** What a query tells the owners of its waiters, each once. */
export type QueryOutcome =
  | { readonly type: 'query.answered'; readonly turn: string; readonly answer: Answer }
  | { readonly type: 'query.failed'; readonly turn: string; readonly error: ErrorBody };
