import type { FuseOptions } from '#agents/fuse/fuse.agent.ts';
import type { ProviderError, ProviderFailure } from '#src/ports/provider-error.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { abortError } from './abort-error.ts';
import type { WaitingCall } from './call-queue.ts';
import type { GovernorOptions } from './governor.ts';
import { Passage } from './passage.ts';

/** One call of a provider: who makes it, for whom, and until when. */
export interface ProviderCall extends WaitingCall {
  /** The `account` of the adapter: what shares a fuse and a rate. */
  readonly account: string;
}

/** How a call ended: `refused` when a guard let nothing be sent, `error` for what is no ProviderError. */
export type CallOutcome = 'ok' | 'refused' | 'error' | ProviderFailure;

export interface CallReport {
  readonly account: string;
  readonly outcome: CallOutcome;
  /** From the sending to the end, of a stream to its last part; 0 when nothing was sent. */
  readonly durationMs: number;
  /** Before the sending. */
  readonly queuedMs: number;
  /** What the provider said of a call that it failed. */
  readonly failure?: Pick<ProviderError, 'message' | 'status' | 'requestId'>;
}

export interface GuardOptions {
  readonly kernel: Kernel;
  readonly fuse: FuseOptions;
  readonly governor?: Partial<GovernorOptions>;
  /** From 0 to below 1, for the jitter of waiting times. @defaultValue Math.random */
  readonly random?: () => number;
  readonly onOutcome?: (report: CallReport) => void;
}

/**
 * One attempt, behind the fuse and the governor of its account. Rejects with what `run` does, or, before anything is
 * sent, with ProviderError: `unavailable` while the fuse is open, and those of `Governor.acquire`.
 */
export async function callProvider<T>(guards: GuardOptions, call: ProviderCall, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const passage = new Passage(guards, call);
  await passage.enter();
  let failed: unknown;
  try {
    return await run(call.signal);
  } catch (error) {
    failed = error;
    throw error;
  } finally {
    passage.leave(failed);
  }
}

/**
 * One attempt of a stream; its slot and its fuse cover it to its end. Leaving the loop early gives the slot back and
 * counts as a success. A stream that ended because its signal was aborted counts as the reason says: a watchdog's
 * ProviderError `timeout` melts the fuse. Rejects as `callProvider` does.
 */
export function streamProvider<T>(guards: GuardOptions, call: ProviderCall, open: (signal: AbortSignal) => AsyncIterable<T>): AsyncIterableIterator<T, undefined> {
  return new GuardedStream(new Passage(guards, call), call, open);
}

/** No async generator: that would cost a microsecond for each part of every stream. */
class GuardedStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #passage: Passage;
  readonly #call: ProviderCall;
  readonly #open: (signal: AbortSignal) => AsyncIterable<T>;
  #parts: AsyncIterator<T> | undefined;
  #isEntered = false;
  #isOver = false;

  constructor(passage: Passage, call: ProviderCall, open: (signal: AbortSignal) => AsyncIterable<T>) {
    this.#passage = passage;
    this.#call = call;
    this.#open = open;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    const next = this.#parts === undefined ? this.#begin() : this.#parts.next();
    // Registered before the reader's own: the slot is free when the reader hears of the end.
    next.then(this.#onPart, this.#onFailure);
    return next as Promise<IteratorResult<T, undefined>>;
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const parts = this.#parts;
    this.#leave(undefined);
    await parts?.return?.();
    return { done: true, value: undefined };
  }

  async #begin(): Promise<IteratorResult<T>> {
    await this.#passage.enter();
    if (this.#isOver) return this.#turnBack();
    this.#isEntered = true;
    this.#parts = this.#open(this.#call.signal)[Symbol.asyncIterator]();
    return this.#parts.next();
  }

  /** Who asked has left on the way in: nothing is opened for nobody. */
  #turnBack(): never {
    const { account, signal } = this.#call;
    const left = abortError(account, signal);
    this.#passage.leave(left);
    throw left;
  }

  readonly #onPart = ({ done }: IteratorResult<T>): void => {
    if (done === true) this.#leave(undefined);
  };

  readonly #onFailure = (error: unknown): void => this.#leave(error);

  #leave(failed: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { account, signal } = this.#call;
    if (this.#isEntered) this.#passage.leave(failed ?? (signal.aborted ? abortError(account, signal) : undefined));
  }
}
