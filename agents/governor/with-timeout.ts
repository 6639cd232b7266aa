import type { Clock } from '#src/ports/clock.ts';

/** Runs `work` with a signal that is aborted when `signal` is, and with a TimeoutError after `timeoutMs`. */
export async function withTimeout<T>(clock: Clock, signal: AbortSignal, timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = clock.setTimeout(() => controller.abort(new DOMException(`nothing came in ${timeoutMs} ms`, 'TimeoutError')), timeoutMs);
  try {
    return await work(controller.signal);
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
