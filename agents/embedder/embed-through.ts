import type { EmbeddingModel, Embeddings } from '#src/ports/embedding-model.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

/** What another key or region would refuse as well, or what nobody waits for any more. */
const FINAL: ReadonlySet<ProviderFailure> = new Set(['aborted', 'bad_request', 'too_large', 'blocked']);

/**
 * Embeds through the first of several keys or regions of one model that can. Rejects as the last one did.
 * @param embed `isLast`: nobody comes after this one, so that trying again is worth the wait
 */
export async function embedThrough(routes: readonly EmbeddingModel[], embed: (route: EmbeddingModel, isLast: boolean) => Promise<Embeddings>): Promise<Embeddings> {
  for (const route of routes.slice(0, -1)) {
    try {
      return await embed(route, false);
    } catch (error) {
      if (!(error instanceof ProviderError) || FINAL.has(error.failure)) throw error;
    }
  }
  const last = routes.at(-1);
  if (last === undefined) throw new TypeError('expected a route to the embedding model');
  return embed(last, true);
}
