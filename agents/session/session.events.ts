import type { QueryOutcome } from '#agents/query/query.agent.ts';
import type { AnswerEnd } from '#src/ports/answer.ts';
import type { TurnOutcome } from '#src/ports/store.ts';
import type { Asked } from '#supervisors/kernel/process.ts';
import type { Ask } from './sessions.ts';
import type { Turn } from './turn.ts';

export interface Accepted {
  readonly turn: string;
  readonly repeated: boolean;
}

export interface Ended {
  readonly turn: string;
  readonly outcome: TurnOutcome;
}

export interface Cancelled {
  readonly turn: string;
  readonly end: AnswerEnd;
}

/** A question: told when it is on disk, or when it has ended. */
export type AskEvent =
  | ({ readonly type: 'ask'; readonly ask: Ask } & Asked<Accepted>)
  | ({ readonly type: 'answer'; readonly ask: Ask } & Asked<Ended>);

/** Stops the named turn, or the running one. */
export type CancelEvent = { readonly type: 'cancel'; readonly turn: string | undefined } & Asked<Cancelled>;

/** What the session's own work brings back. */
export type SessionNews =
  /** A turn is on disk and has to be answered, unless it is here already. */
  | { readonly type: 'turn.accepted'; readonly turn: Turn }
  /** An ask needs no answer of this session: it was refused, or had ended before. */
  | { readonly type: 'turn.settled' }
  | { readonly type: 'query.gone'; readonly query: string };

export type SessionEvent = AskEvent | CancelEvent | SessionNews | QueryOutcome | { readonly type: 'shutdown' };
