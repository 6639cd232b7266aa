import type { Clock } from '#src/ports/clock.ts';

interface Timer {
  readonly run: () => void;
  readonly at: number;
}

/** Time that passes only when a test says so. */
export class SimulatedClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers = new Map<number, Timer>();

  readonly now = (): number => this.#now;
  readonly wallTime = (): number => 1_700_000_000_000 + this.#now;

  readonly setTimeout = (run: () => void, delayMs: number): unknown => {
    this.#order += 1;
    this.#timers.set(this.#order, { run, at: this.#now + delayMs });
    return this.#order;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass: runs what falls due, in order of time, with everything it leads to done before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const due = this.#nextDue(end);
      if (due === undefined) break;
      const [id, timer] = due;
      this.#timers.delete(id);
      this.#now = timer.at;
      timer.run();
    }
    this.#now = end;
    await settled();
  }

  #nextDue(end: number): [number, Timer] | undefined {
    const due = [...this.#timers].filter(([, timer]) => timer.at <= end);
    due.sort(([idA, a], [idB, b]) => a.at - b.at || idA - idB);
    return due[0];
  }
}

/** Resolves when microtasks and immediates that are due have run: nothing is left that needs no time to pass. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
}
