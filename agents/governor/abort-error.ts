import { ProviderError } from '#src/ports/provider-error.ts';

/** What a call fails with whose signal was aborted: the reason where it is a failure of the provider, else `timeout` or `aborted`. */
export function abortError(account: string, { reason }: AbortSignal): ProviderError {
  if (reason instanceof ProviderError) return reason;
  const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
  return isTimeout
    ? new ProviderError('timeout', account, 'did not end in time', { cause: reason })
    : new ProviderError('aborted', account, 'was given up', { cause: reason });
}

/** What `work` brings, unless the signal is aborted before. */
export async function orAborted<T>(account: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortError(account, signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    // Both are always listened to: what fails behind an abort would be a stray rejection, and crash who began it.
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
