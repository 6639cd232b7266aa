import type { GenerationPart, LanguageModel } from '#src/ports/language-model.ts';
import { DELTA_INTERVAL_MS, deltaText } from './delta.ts';

const TICK_MS = 1;

/**
 * A model that sends `deltas` pieces at a fixed pace, each with the time at which it was due: a server that is late is
 * late for the clients too. All streams share one timer, so that the pace itself costs next to nothing.
 */
export function createPacedModel(deltas: number): LanguageModel {
  const pace = new Pace();
  return { id: 'bench:paced', account: 'bench:paced', stream: (_request, signal) => streamPaced(pace, deltas, signal) };
}

async function* streamPaced(pace: Pace, deltas: number, signal: AbortSignal): AsyncGenerator<GenerationPart> {
  let isAborted = signal.aborted;
  signal.addEventListener('abort', () => (isAborted = true));
  const startedMs = performance.now();
  for (let index = 0; index < deltas; index += 1) {
    const dueMs = startedMs + index * DELTA_INTERVAL_MS;
    const due = pace.until(dueMs);
    if (due !== undefined) await due;
    if (isAborted) return;
    yield { type: 'text', text: deltaText(performance.timeOrigin + dueMs) };
  }
  yield { type: 'end', finish: 'stop', usage: { input_tokens: 0, output_tokens: deltas, total_tokens: deltas } };
}

/** Wakes those whose time has come, once a millisecond. */
export class Pace {
  /** By the millisecond that they are due in. */
  readonly #sleepers = new Map<number, (() => void)[]>();
  #wokenMs = Math.floor(performance.now());

  constructor() {
    setInterval(() => this.#wake(), TICK_MS).unref();
  }

  /** Waits no more where the time has passed: a model that was held up sends what it has. */
  until(dueMs: number): Promise<void> | undefined {
    const tick = Math.ceil(dueMs);
    if (tick <= this.#wokenMs) return undefined;
    return new Promise((wake) => {
      const others = this.#sleepers.get(tick);
      if (others === undefined) this.#sleepers.set(tick, [wake]);
      else others.push(wake);
    });
  }

  #wake(): void {
    const now = Math.floor(performance.now());
    while (this.#wokenMs < now) {
      this.#wokenMs += 1;
      for (const wake of this.#sleepers.get(this.#wokenMs) ?? []) wake();
      this.#sleepers.delete(this.#wokenMs);
    }
  }
}
