import type { Clock } from '#src/ports/clock.ts';
import type { Stage } from '#src/ports/frame.ts';
import type { Searches } from './searches.ts';

type Show = (stage: Stage) => void;
/** Begins both searches, which go on until they are over or the signal is aborted. */
type Begin = (signal: AbortSignal, show: Show) => Searches;

/**
 * The searches of questions that somebody will open in a moment: begun while the question is written to the disk. Who
 * opens it takes them over; those that nobody takes are given up.
 */
export class ExpectedSearches {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #expected = new Map<string, ExpectedSearch>();

  /** @param waitMs how long they may wait for who takes them */
  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  /** Begins the searches of a key, unless they run already. They are given up as soon as the signal is aborted. */
  begin(key: string, signal: AbortSignal, begin: Begin): void {
    if (signal.aborted || this.#expected.has(key)) return;
    const expected = new ExpectedSearch(begin, () => {
      this.#clock.clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      this.#expected.delete(key);
    });
    const giveUp = (): void => expected.giveUp();
    const timer = this.#clock.setTimeout(giveUp, this.#waitMs);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#expected.set(key, expected);
  }

  /** What was begun for a key, from now on the caller's alone: it ends with this signal and shows its stages here. */
  take(key: string, signal: AbortSignal, show: Show): Searches | undefined {
    return this.#expected.get(key)?.take(signal, show);
  }
}

class ExpectedSearch {
  readonly #stopper = new AbortController();
  readonly #onOver: () => void;
  readonly #searches: Searches;
  /** Those that were reached before anybody could be shown them. */
  readonly #stages: Stage[] = [];
  #show: Show = (stage) => void this.#stages.push(stage);

  constructor(begin: Begin, onOver: () => void) {
    this.#onOver = onOver;
    this.#searches = begin(this.#stopper.signal, (stage) => this.#show(stage));
    // A fault is told to who takes them.
    for (const search of [this.#searches.words, this.#searches.similar]) search.catch(() => undefined);
  }

  take(signal: AbortSignal, show: Show): Searches {
    this.#onOver();
    this.#show = show;
    for (const stage of this.#stages) show(stage);
    const stop = (): void => this.#stopper.abort(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    return this.#searches;
  }

  giveUp(): void {
    this.#onOver();
    this.#stopper.abort(NOT_TAKEN);
  }
}

/** One for all: an error with its stack costs more than what it ends. */
const NOT_TAKEN = new DOMException('nobody opened the question that was expected', 'AbortError');
