import type { GenerationPart, LanguageModel } from '#src/ports/language-model.ts';
import { DELTA_INTERVAL_MS, deltaText } from './delta.ts';

const TICK_MS = 1;

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

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
    if (index > 0) await pace.until(dueMs);
    if (isAborted) return;
    yield { type: 'text', text: deltaText(performance.timeOrigin + dueMs) };
  }
  yield { type: 'end', finish: 'stop', usage: { input_tokens: 0, output_tokens: deltas, total_tokens: deltas } };
}

/** Wakes those whose time has come, once a millisecond. */
export class Pace {
  #sleepers: Sleeper[] = [];

  constructor() {
    setInterval(() => this.#wake(), TICK_MS).unref();
  }

  until(dueMs: number): Promise<void> {
    return new Promise((wake) => this.#sleepers.push({ dueMs, wake }));
  }

  #wake(): void {
    const now = performance.now();
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const sleeper of sleepers) {
      if (sleeper.dueMs <= now) sleeper.wake();
      else this.#sleepers.push(sleeper);
    }
  }
}
