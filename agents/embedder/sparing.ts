import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';

/** What is wrong with the item, and not with the provider or our settings: all others can be sent without it. */
const REFUSALS: ReadonlySet<ProviderFailure> = new Set(['bad_request', 'too_large', 'blocked']);

/**
 * Sends a batch; one that is refused is sent again in halves, until each item that is at fault stands alone and is given
 * to `onRefused`. Rejects with every other failure.
 */
export async function sendSparing<Item>(
  items: readonly Item[],
  send: (items: readonly Item[]) => Promise<void>,
  onRefused: (item: Item, error: ProviderError) => void,
): Promise<void> {
  try {
    await send(items);
  } catch (error) {
    if (!(error instanceof ProviderError && REFUSALS.has(error.failure))) throw error;
    const [first] = items;
    if (items.length === 1 && first !== undefined) return onRefused(first, error);
    const middle = Math.ceil(items.length / 2);
    await sendSparing(items.slice(0, middle), send, onRefused);
    await sendSparing(items.slice(middle), send, onRefused);
  }
}
