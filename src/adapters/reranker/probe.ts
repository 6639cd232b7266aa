import type { Reranker } from '#src/ports/reranker.ts';

/** Ranks two short documents. Rejects with the ProviderError of the call. */
export async function probeReranker(reranker: Reranker, signal: AbortSignal): Promise<void> {
  await reranker.rerank('What is a banyan?', ['A banyan is a fig tree.', 'A river is water.'], signal);
}
