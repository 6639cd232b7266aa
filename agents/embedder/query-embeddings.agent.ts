import { fromTransition } from 'xstate';
import { ServiceError } from '#src/errors.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { embedderStatus, isMismatch } from './embedder-status.ts';
import type { EmbeddingAsk, QueryEmbeddingsOptions } from './query-embeddings.ts';
import { QueryEmbeddings } from './query-embeddings.ts';

export type { EmbeddingAsk, QueryEmbeddingsOptions } from './query-embeddings.ts';

export const QUERY_EMBEDDINGS = 'query-embeddings';

/** Has one state and no events: who asks uses its table, and an incarnation that ends takes its calls along. */
const queryEmbeddingsLogic = fromTransition(
  (embeddings: QueryEmbeddings) => embeddings,
  ({ input }: { input: QueryEmbeddings }) => input,
);

/** Start function of the actor that embeds questions. */
export function queryEmbeddingsAgent(options: QueryEmbeddingsOptions): StartFunction {
  return actor(queryEmbeddingsLogic, {
    input: ({ signal }) => {
      const embeddings = new QueryEmbeddings(options);
      signal.addEventListener('abort', () => embeddings.close(), { once: true });
      return embeddings;
    },
    table: ({ context }) => context,
  });
}

/**
 * Rejects with ProviderError, as `QueryEmbeddings.embed`, and with ServiceError: `ACTOR_DOWN` while the actor restarts,
 * `EMBEDDING_MISMATCH` where the vectors of the documents were made by another model.
 */
export async function embedQuery(kernel: Kernel, text: string, ask: EmbeddingAsk): Promise<Float32Array> {
  const embeddings = kernel.table<QueryEmbeddings>(QUERY_EMBEDDINGS);
  if (embeddings === undefined) throw new ServiceError('ACTOR_DOWN', `${QUERY_EMBEDDINGS} is down`);
  const failure = embedderStatus(kernel)?.failure;
  if (failure !== undefined && isMismatch(failure)) throw failure;
  return embeddings.embed(text, ask);
}
