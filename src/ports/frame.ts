import type { ErrorBody } from '#src/errors.ts';
import type { AnswerEnd, AskOptions, Source } from '#src/ports/answer.ts';

/** What a client sends over the WebSocket. */
export type ClientFrame =
  | { readonly type: 'ask'; readonly id: string; readonly question: string; readonly options?: AskOptions }
  | { readonly type: 'cancel'; readonly turn: string }
  | { readonly type: 'feedback'; readonly turn: string; readonly rating: 'up' | 'down'; readonly comment?: string }
  | { readonly type: 'ping' }
  | { readonly type: 'stats'; readonly subscribe: boolean };

/** The frames of a session's log, before they have their `seq`. The order within a turn is the order here. */
export type LoggedFrame =
  | { readonly type: 'accepted'; readonly id: string; readonly turn: string; readonly question: string }
  | { readonly type: 'sources'; readonly turn: string; readonly sources: readonly Source[] }
  | { readonly type: 'answer-start'; readonly turn: string }
  | { readonly type: 'answer-delta'; readonly turn: string; readonly text: string }
  | ({ readonly type: 'answer-end'; readonly turn: string } & AnswerEnd)
  | { readonly type: 'answer-error'; readonly turn: string; readonly error: ErrorBody };

export const STAGES = ['queued', 'cached', 'embedding', 'retrieving', 'reranking', 'generating', 'recovering'] as const;
export type Stage = (typeof STAGES)[number];

/** Where a turn is: shown, never logged, never replayed. */
export interface StatusFrame {
  readonly type: 'status';
  readonly turn: string;
  readonly stage: Stage;
}

/** A turn as a snapshot shows it to a client that cannot be given the frames it missed. */
export interface SnapshotTurn {
  readonly id: string;
  readonly turn: string;
  readonly question: string;
  readonly state: 'queued' | 'running' | 'answered' | 'failed';
  readonly text: string;
  readonly sources: readonly Source[];
  readonly end?: AnswerEnd | { readonly error: ErrorBody };
}

/** Frames that belong to one socket, not to the session's log. */
export type SocketFrame =
  | { readonly type: 'ready'; readonly session: string; readonly last_seq: number; readonly resumed: boolean }
  | { readonly type: 'snapshot'; readonly turns: readonly SnapshotTurn[] }
  | { readonly type: 'error'; readonly id?: string; readonly turn?: string; readonly error: ErrorBody }
  | { readonly type: 'pong' }
  | ({ readonly type: 'stats' } & Statistics);

/** The figures of `GET /stats` and of the `stats` frame. */
export interface Statistics {
  readonly queries: number;
  readonly hits: number;
  readonly misses: number;
  readonly errors: number;
  /** Hits of all queries in percent, one decimal; 0 without queries. */
  readonly hit_rate: number;
}
