import { ServiceError } from '#src/errors.ts';
import type { Clock } from '#src/ports/clock.ts';

export interface StreamDeadlines {
  /** From the request to the first part. */
  readonly firstTokenMs: number;
  /** From one part to the next. */
  readonly idleMs: number;
}

/** Ends a stream that has gone silent: aborts its signal, and says why in `error`. One timer for the whole stream. */
export class StreamWatchdog {
  readonly signal: AbortSignal;
  error: ServiceError | undefined;
  readonly #clock: Clock;
  readonly #deadlines: StreamDeadlines;
  readonly #silence = new AbortController();
  #heardMs: number | undefined;
  #timer: unknown;

  constructor(clock: Clock, deadlines: StreamDeadlines, outer: AbortSignal) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.signal = AbortSignal.any([outer, this.#silence.signal]);
    this.#arm(deadlines.firstTokenMs);
  }

  /** A part has come. */
  heard(): void {
    this.#heardMs = this.#clock.now();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#check(), delayMs);
  }

  #check(): void {
    const { firstTokenMs, idleMs } = this.#deadlines;
    if (this.#heardMs === undefined) return this.#end(`no token within ${firstTokenMs}ms`);
    const silentMs = this.#clock.now() - this.#heardMs;
    if (silentMs >= idleMs) return this.#end(`no token for ${idleMs}ms`);
    this.#arm(idleMs - silentMs);
  }

  #end(message: string): void {
    this.error = new ServiceError('MODEL_UNAVAILABLE', message);
    this.#silence.abort(this.error);
  }
}
