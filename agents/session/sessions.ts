import type { Answer, AskOptions } from '#src/ports/answer.ts';
import type { Accepted, Cancelled, Ended } from './session.events.ts';

export interface Ask {
  /** The asker's own id: the same id again is the same turn. */
  readonly id: string;
  readonly question: string;
  readonly options: AskOptions;
}

/** A turn that was over when it began. The object of the answer is the same for all who are given it. */
export interface KeptAnswer {
  readonly turn: string;
  readonly answer: Answer;
  readonly latencyMs: number;
}

/** What clients of any kind may do with conversations: the door of the session actors. */
export interface Sessions {
  /** Whether the session is known beside what the store has: its actor runs, or it has clients, or was left unasked of late. */
  isOpen(session: string): boolean;
  /** The client of a session that was never asked anything has gone; it may come back as long as an idle actor would stay. */
  leftUnasked(session: string): void;
  /** Makes sure that the actor of this session runs. */
  open(session: string): Promise<void>;
  /**
   * Puts a question. Resolves once the turn is on disk; its frames follow in the session's log. `repeated` when the id
   * had been asked before: no new frames then. Rejects with INVALID_REQUEST (unknown model), ASK_CONFLICT, OVERLOADED
   * (too many questions wait), DRAINING, STORE_FULL, STORE_UNAVAILABLE.
   */
  ask(session: string, ask: Ask): Promise<Accepted>;
  /** The same, but resolves with the end of the turn. */
  answer(session: string, ask: Ask): Promise<Ended>;
  /**
   * Stops a turn, the running one where none is named, and resolves once it has stopped. Rejects with SESSION_NOT_FOUND,
   * TURN_NOT_FOUND, TURN_ENDED, DRAINING (it was handed over).
   */
  cancel(session: string, turn?: string): Promise<Cancelled>;
  /** An answer that was kept, told as a turn of its own; undefined when it has to be computed. Starts no actor. */
  answerFromCache(session: string, ask: Ask): KeptAnswer | undefined;
  /** Resolves when the turns of kept answers are written. */
  whenRecorded(): Promise<void>;
  /** From now on no question is taken: DRAINING. */
  drain(): void;
  /**
   * Takes what still runs off its query and leaves it unfinished in the store, for the next process; who waits for it gets
   * DRAINING. No session is opened any more.
   */
  handOver(): void;
  /** Sessions that work on a turn. */
  activeSessions(): number;
}
