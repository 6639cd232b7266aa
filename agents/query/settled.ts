import { ServiceError } from '#src/errors.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

export type Settled<T> = { readonly value: T } | { readonly error: Error };

/** What failed by design is a result to go on from; a fault of the program is thrown. */
export async function settled<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work };
  } catch (error) {
    if (error instanceof ServiceError || error instanceof ProviderError) return { error };
    throw error;
  }
}

export function valueOf<T>(outcome: Settled<T>): T {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
