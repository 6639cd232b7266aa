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

type EndPart = Extract<GenerationPart, { type: 'end' }>;
export type AnswerPart = Exclude<GenerationPart, EndPart>;

/**
 * Runs one stream of a model and answers with its `end`; what comes before goes to `onPart`. Rejects with ProviderError
 * `timeout` for a stream that is silent for too long or not over at `endMs`, `aborted` when `signal` is, `truncated` for
 * one without an end, and with whatever the stream or `onPart` throws. Unless it came to its end the stream's signal is
 * then aborted, with the ProviderError as its reason, and nothing is waited for any more, even where the stream does not
 * listen.
 */
export function attempt(options: AttemptOptions, open: (signal: AbortSignal) => AsyncIterable<GenerationPart>, onPart: (part: AnswerPart) => void): Promise<EndPart> {
  return new Promise((resolve, reject) => void new Attempt(options, { onPart, resolve, reject }).run(open));
}

interface Reader {
  onPart(part: AnswerPart): void;
  resolve(end: EndPart): void;
  reject(error: unknown): void;
}

class Attempt {
  readonly #options: AttemptOptions;
  readonly #reader: Reader;
  readonly #watchdog: AttemptWatchdog;
  #parts: AsyncIterator<GenerationPart> | undefined;
  #isOver = false;

  constructor(options: AttemptOptions, reader: Reader) {
    this.#options = options;
    this.#reader = reader;
    this.#watchdog = new AttemptWatchdog(options);
    this.#watchdog.onStop = (error) => this.#fail(error);
  }

  async run(open: (signal: AbortSignal) => AsyncIterable<GenerationPart>): Promise<void> {
    const { stopped, signal } = this.#watchdog;
    if (stopped !== undefined) return this.#fail(stopped);
    try {
      const parts = open(signal)[Symbol.asyncIterator]();
      this.#parts = parts;
      // What a part sets off may stop the stream.
      while (!this.#isOver) this.#pass(await parts.next());
    } catch (error) {
      this.#fail(error);
    }
  }

  #pass(next: IteratorResult<GenerationPart, unknown>): void {
    if (this.#isOver) return;
    if (next.done === true) return this.#fail(new ProviderError('truncated', this.#options.model.account, 'the stream ended before its answer did'));
    this.#watchdog.heard();
    if (next.value.type === 'end') this.#end(next.value);
    else this.#reader.onPart(next.value);
  }

  #fail(error: unknown): void {
    this.#leave();
    this.#reader.reject(error);
  }

  #end(end: EndPart): void {
    this.#watchdog.hasEnded = true;
    this.#leave();
    this.#reader.resolve(end);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watchdog.stop();
    this.#parts?.return?.().catch(() => undefined);
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
  stopped: ProviderError | undefined;
  /** Called as soon as the stream has to stop. */
  onStop: (error: ProviderError) => void = () => undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
    this.signal = this.#stopper.signal;
    if (options.signal.aborted) this.#onAbort();
    else options.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (this.stopped === undefined) this.#arm();
  }

  heard(): void {
    this.#heardMs = this.#options.clock.now();
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
    this.stopped = error;
    this.#stopper.abort(error);
    this.onStop(error);
  }
}
