import type { CachedTurn } from '#src/ports/store.ts';
import type { RecordedTurns } from '../conversations/events.ts';
import { RecordedTurnsDraft } from './kept-answers.ts';

/**
 * Nobody waits for these turns. At ten thousand a second, 20 ms made the worker's commits cost 13 µs a turn and 100 ms
 * 5 µs, and each post to it a fair share of the main thread.
 */
const GATHER_MS = 100;
const MAX_TURNS = 1000;

/** Gathers turns for a moment and writes them together. */
export class CachedTurnBatch {
  readonly #write: (turns: RecordedTurns) => Promise<void>;
  #turns = new RecordedTurnsDraft();
  #written: Promise<void> = Promise.resolve();
  #writing = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (turns: RecordedTurns) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when the turn is written. */
  add(turn: CachedTurn): Promise<void> {
    const { promise } = this.#writing;
    this.#turns.add(turn);
    if (this.#turns.size === 1) this.#timer = setTimeout(() => void this.flush(), GATHER_MS);
    if (this.#turns.size === MAX_TURNS) void this.flush();
    return promise;
  }

  /** Writes what was gathered: a call that is made after this one finds it. Resolves when all is written or has failed. */
  flush(): Promise<void> {
    if (this.#turns.size === 0) return this.#written;
    clearTimeout(this.#timer);
    const turns = this.#turns.finish();
    const { promise, resolve, reject } = this.#writing;
    this.#turns = new RecordedTurnsDraft();
    this.#writing = Promise.withResolvers();
    this.#write(turns).then(resolve, reject);
    const settled = promise.catch(() => undefined);
    this.#written = Promise.all([this.#written, settled]).then(() => undefined);
    return this.#written;
  }
}
