import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '#src/errors.ts';
import { Unreachable } from './service-client.ts';

export interface RetryOptions {
  readonly signal: AbortSignal;
  /** Counted from the first failure. */
  readonly giveUpAfterMs: number;
  /** Called before each pause. */
  onRetry(error: Error): void;
}

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 3000;

/**
 * Runs `operation` until it succeeds, while its failure is one that passes: nobody answers, or the service says that the
 * error is retryable. Rejects with the last failure once `giveUpAfterMs` are over.
 */
export async function withRetries<T>(operation: () => Promise<T>, { signal, giveUpAfterMs, onRetry }: RetryOptions): Promise<T> {
  let deadline: number | undefined;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      return await operation();
    } catch (error) {
      if (!isPassing(error)) throw error;
      deadline ??= performance.now() + giveUpAfterMs;
      if (performance.now() + pauseMs > deadline) throw error;
      onRetry(error);
      await sleep(Math.max(pauseMs, retryAfterMs(error)), undefined, { signal });
    }
  }
}

export function isPassing(error: unknown): error is Error {
  return error instanceof Unreachable || (error instanceof ServiceError && error.isRetryable);
}

function retryAfterMs(error: Error): number {
  return error instanceof ServiceError ? Math.min(error.retryAfterMs ?? 0, MAX_PAUSE_MS) : 0;
}
