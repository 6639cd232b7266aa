import type { ErrorBody } from '#src/errors.ts';
import type { Source } from '#src/ports/answer.ts';
import type { LoggedFrame, StatusFrame } from '#src/ports/frame.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';

export interface FrameListener {
  /** Frames of the log in order, each once; `json` is ready to be sent. */
  frames(records: readonly FrameRecord[]): void;
  /** A frame that is not logged. */
  status(json: string): void;
}

export interface Subscription {
  /** The last number of the log when the subscription began: what comes to the listener is later. */
  readonly lastSeq: number;
  /** What the subscriber asked for and has to get first. */
  readonly missed: readonly FrameRecord[];
  /** False when `after` lies outside what the log still holds: `missed` is then empty, and the client needs a snapshot. */
  readonly isResumed: boolean;
  unsubscribe(): void;
}

/** The one giver of `seq`: the table of the process `frames`. It dies with its process; the journal below it does not. */
export interface FrameLog {
  /**
   * Logs a frame; it is written and then sent behind this turn of the event loop, the first words of an answer
   * sooner. Answers with its number, or undefined when the turn cannot take it: before its `accepted`, after its end,
   * out of order.
   */
  append(session: string, frame: LoggedFrame): number | undefined;
  /** Shows where a turn is to those who listen now, behind all frames that were logged before. */
  publish(session: string, frame: StatusFrame): void;
  /** The deltas of a turn without an end so far, joined; '' of any other. */
  sentText(session: string, turn: string): string;
  /** The evidence that a turn without an end was sent; undefined when it was sent none. */
  sentSources(session: string, turn: string): readonly Source[] | undefined;
  /** The error that a turn has ended in, as far as the log still knows; undefined of any other. */
  sentError(session: string, turn: string): ErrorBody | undefined;
  /** Those without an end. */
  openTurns(session: string): readonly string[];
  /** Those with a turn that the log knows no end of. */
  openSessions(): readonly string[];
  /**
   * A session that is new: its numbers begin at 1. Those of any other session that the journal does not know begin far
   * above whatever was given before a restart, so that an old number is never taken for a new one.
   */
  begin(session: string): void;
  /** Without `after`: from the `accepted` of the running turn, if one runs, else what is new. */
  subscribe(session: string, after: number | undefined, listener: FrameListener): Subscription;
  hasListeners(session: string): boolean;
  /** Forgets a session that was deleted. */
  forget(session: string): void;
}
