import { expect } from 'vitest';
import { ProviderError } from '#src/ports/provider-error.ts';

/** The ProviderError that a call rejects with; everything else fails the test. */
export async function failureIn(call: Promise<unknown>): Promise<ProviderError> {
  const outcome = await call.then(
    () => 'resolved' as const,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ProviderError);
  return outcome as ProviderError;
}
