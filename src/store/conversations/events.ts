import type { CachedTurn, Feedback, NewTurn, PageRequest } from '#src/ports/store.ts';
import type { OutcomeColumns } from './turn-row.ts';

/** What the conversations worker understands. Every event names its tenant; replies are those of ConversationStore. */
export type ConversationEvent = { readonly tenant: string } & (
  | { readonly type: 'accept-turn'; readonly turn: NewTurn }
  | { readonly type: 'begin-attempt'; readonly turn: string; readonly attempts: number; readonly at: number }
  | { readonly type: 'reset-attempts'; readonly turn: string; readonly attempts: number }
  | { readonly type: 'end-turn'; readonly turn: string; readonly outcome: OutcomeColumns; readonly endedAt: number }
  | ({ readonly type: 'record-cached-turns' } & RecordedTurns)
  | { readonly type: 'get-turn'; readonly turn: string }
  | { readonly type: 'unfinished-turns'; readonly session: string | null }
  | { readonly type: 'get-session'; readonly session: string }
  | { readonly type: 'list-turns'; readonly session: string; readonly page: PageRequest }
  | { readonly type: 'latest-turns'; readonly session: string; readonly limit: number }
  | { readonly type: 'list-sessions'; readonly page: PageRequest }
  | { readonly type: 'delete-session'; readonly session: string }
  | { readonly type: 'read-setting'; readonly name: string }
  | { readonly type: 'write-setting'; readonly name: string; readonly value: string }
  | { readonly type: 'add-feedback'; readonly feedback: Feedback; readonly at: number }
);

/** An answer that any number of turns were given. */
export interface KeptAnswer {
  /** Hash of the rest. */
  readonly id: string;
  readonly text: string;
  /** JSON of the other fields. */
  readonly fields: string;
}

/** Turns that were answered from the cache, and their answers. */
export interface RecordedTurns {
  readonly answers: readonly KeptAnswer[];
  /** JSON of `CachedTurnEvent[]`. */
  readonly turns: string;
}

/** `answer` is the id of a kept answer of the same event. */
export type CachedTurnEvent = Omit<CachedTurn, 'answer'> & { readonly answer: string };

/** What a store's worker is started with. */
export interface StoreWorkerInput {
  readonly directory: string;
}
