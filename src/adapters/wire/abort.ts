/**
 * Settles as `work` does, or rejects with the signal's reason as soon as it is aborted: for what takes no signal, such
 * as the credential chains of SDKs. What `work` does after that is nobody's.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    // Both are always listened to: what fails behind an abort would be a stray rejection, and crash who began it.
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
