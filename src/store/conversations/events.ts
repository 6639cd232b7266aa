import type { Feedback, NewTurn, PageRequest, TurnOutcome } from '#src/ports/store.ts';

/** What the conversations worker understands. Every event names its tenant; replies are those of ConversationStore. */
export type ConversationEvent = { readonly tenant: string } & (
  | { readonly type: 'accept-turn'; readonly turn: NewTurn }
  | { readonly type: 'end-turn'; readonly turn: string; readonly outcome: TurnOutcome; readonly endedAt: number }
  | { readonly type: 'record-turn'; readonly turn: NewTurn; readonly outcome: TurnOutcome; readonly endedAt: number }
  | { readonly type: 'get-turn'; readonly turn: string }
  | { readonly type: 'unfinished-turns'; readonly session: string | null }
  | { readonly type: 'get-session'; readonly session: string }
  | { readonly type: 'list-turns'; readonly session: string; readonly page: PageRequest }
  | { readonly type: 'list-sessions'; readonly page: PageRequest }
  | { readonly type: 'delete-session'; readonly session: string }
  | { readonly type: 'add-feedback'; readonly feedback: Feedback; readonly at: number }
);

/** What a store's worker is started with. */
export interface StoreWorkerInput {
  readonly directory: string;
}
