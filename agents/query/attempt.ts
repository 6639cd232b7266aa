import type { Clock } from '#src/ports/clock.ts';
import type { GenerationPart, LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

export interface AttemptDeadlines {
  /** From the request to the first part, waiting for a free place included. */
  readonly firstTokenMs: number;
  /** From one part to the next. */
  readonly idleMs: number;
}

export interface AttemptOptions {
  readonly clock: Clock;
  readonly model: Pick<LanguageModel, 'account'>;
  readonly deadlines: AttemptDeadlines;
  /** When, on the clock, the stream has to be over. */
  readonly endMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs one stream of a model to its `end`. Throws ProviderError `timeout` for a stream that is silent for too long or
 * not over at `endMs`, `aborted` when `signal` is, `truncated` for one without an end, and whatever the stream throws.
 * Unless it came to its end the stream's signal is then aborted, with the ProviderError as its reason, and nothing is
 * waited for any more, even where the stream does not listen.
 */
export async function* attempt(options: AttemptOptions, open: (signal: AbortSignal) => AsyncIterable<GenerationPart>): AsyncGenerator<GenerationPart> {
  const watchdog = new AttemptWatchdog(options);
  let parts: AsyncIterator<GenerationPart> | undefined;
  try {
    watchdog.throwIfStopped();
    parts = open(watchdog.signal)[Symbol.asyncIterator]();
    for (;;) {
      const next = await watchdog.unlessStopped(parts.next());
      if (next.done === true) break;
      watchdog.heard();
      if (next.value.type === 'end') watchdog.hasEnded = true;
      yield next.value;
      if (next.value.type === 'end') return;
    }
    throw new ProviderError('truncated', options.model.account, 'the stream ended before its answer did');
  } finally {
    watchdog.stop();
    parts?.return?.().catch(() => undefined);
  }
}

/** Stops a stream in time. One timer for the whole stream. */
class AttemptWatchdog {
  readonly signal: AbortSignal;
  hasEnded = false;
  readonly #options: AttemptOptions;
  readonly #stopper = new AbortController();
  readonly #onAbort = (): void => this.#interrupt(new ProviderError('aborted', this.#options.model.account, 'the answer is no longer wanted'));
  #heardMs: number | undefined;
  readonly #startedMs: number;
  #timer: unknown;
  #stopped: ProviderError | undefined;
  #reject: (error: ProviderError) => void = () => undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
    this.signal = this.#stopper.signal;
    if (options.signal.aborted) this.#onAbort();
    else options.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#stopped === undefined) this.#arm();
  }

  heard(): void {
    this.#heardMs = this.#options.clock.now();
  }

  throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
  }

  /** Settles with the work, or rejects as soon as the stream has to stop. */
  unlessStopped<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#stopped !== undefined) reject(this.#stopped);
      work.then(resolve, reject);
    });
  }

  /** A stream that was left before its end is freed. One at its end is not aborted: that would count as given up. */
  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    if (!this.hasEnded) this.#stopper.abort(new ProviderError('aborted', this.#options.model.account, 'the stream was left'));
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(() => this.#check(), Math.max(0, this.#dueMs() - clock.now()));
  }

  #dueMs(): number {
    const { deadlines, endMs } = this.#options;
    const silentMs = this.#heardMs === undefined ? this.#startedMs + deadlines.firstTokenMs : this.#heardMs + deadlines.idleMs;
    return Math.min(silentMs, endMs);
  }

  #check(): void {
    const { clock, model } = this.#options;
    if (clock.now() < this.#dueMs()) return this.#arm();
    this.#interrupt(new ProviderError('timeout', model.account, this.#lateness()));
  }

  #lateness(): string {
    const { clock, deadlines, endMs } = this.#options;
    if (clock.now() >= endMs) return 'not over in time';
    return this.#heardMs === undefined ? `no token within ${deadlines.firstTokenMs}ms` : `no token for ${deadlines.idleMs}ms`;
  }

  #interrupt(error: ProviderError): void {
    this.#stopped = error;
    this.#reject(error);
    this.#stopper.abort(error);
  }
}
