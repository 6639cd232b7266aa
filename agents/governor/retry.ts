import type { Clock } from '#src/ports/clock.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { orAborted } from './abort-error.ts';
import type { GuardOptions, ProviderCall } from './guarded-call.ts';
import { callProvider } from './guarded-call.ts';

export interface RetriedCall extends ProviderCall {
  /** All in all. */
  readonly attempts: number;
  /** Monotonic, as `kernel.clock.now()`. */
  readonly deadlineMs: number;
}

/** The AWS SDKs' base is 50 ms within a region; models and indexes recover more slowly. */
const BASE_MS = 200;
const CAP_MS = 10_000;

/**
 * `callProvider` until it succeeds: waits exactly as long as the provider asked, else exponentially with full jitter. A
 * wait that would end after the deadline is not begun. Rejects with the last failure, or with that of the signal.
 */
export async function retryProvider<T>(guards: GuardOptions, call: RetriedCall, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock } = guards.kernel;
  let attempt: ProviderCall = call;
  for (let number = 1; ; number += 1) {
    try {
      return await callProvider(guards, attempt, run);
    } catch (error) {
      if (!mayTryAgain(error, call) || number >= call.attempts) throw error;
      const delayMs = error.retryAfterMs ?? backoffMs(number, guards.random ?? Math.random);
      if (clock.now() + delayMs >= call.deadlineMs) throw error;
      await sleep(clock, call, delayMs);
    }
    if (call.priority === 'live') attempt = { ...call, priority: 'retry' };
  }
}

function mayTryAgain(error: unknown, { signal }: ProviderCall): error is ProviderError {
  return error instanceof ProviderError && error.isRetryable && !signal.aborted;
}

/** Between 0 and a bound that doubles with each failure. */
function backoffMs(failures: number, random: () => number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** (failures - 1));
}

/** Rejects at once when the signal is aborted. */
async function sleep(clock: Clock, { account, signal }: ProviderCall, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, ms);
  try {
    await orAborted(account, signal, promise);
  } finally {
    clock.clearTimeout(timer);
  }
}
