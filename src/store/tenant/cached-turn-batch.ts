import type { CachedTurn } from '#src/ports/store.ts';

/** A post to the worker costs as much as several rows; nobody waits for these. */
const GATHER_MS = 20;
const MAX_TURNS = 1000;

/** Gathers turns for a moment and writes them together. */
export class CachedTurnBatch {
  readonly #write: (turns: readonly CachedTurn[]) => Promise<void>;
  #turns: CachedTurn[] = [];
  #written: Promise<void> = Promise.resolve();
  #writing = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (turns: readonly CachedTurn[]) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when the turn is written. */
  add(turn: CachedTurn): Promise<void> {
    const { promise } = this.#writing;
    this.#turns.push(turn);
    if (this.#turns.length === 1) this.#timer = setTimeout(() => void this.flush(), GATHER_MS);
    if (this.#turns.length === MAX_TURNS) void this.flush();
    return promise;
  }

  /** Writes what was gathered: a call that is made after this one finds it. Resolves when all is written or has failed. */
  flush(): Promise<void> {
    if (this.#turns.length === 0) return this.#written;
    clearTimeout(this.#timer);
    const turns = this.#turns;
    const { promise, resolve, reject } = this.#writing;
    this.#turns = [];
    this.#writing = Promise.withResolvers();
    this.#write(turns).then(resolve, reject);
    const settled = promise.catch(() => undefined);
    this.#written = Promise.all([this.#written, settled]).then(() => undefined);
    return this.#written;
  }
}
