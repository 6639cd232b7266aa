import type { EmbeddingModel } from '#src/ports/embedding-model.ts';

/**
 * Embeds one word, so that key, model and dimension are known to be right before a document depends on them. Rejects
 * with the ProviderError of the call; a dimension other than configured is `bad_response`, or `bad_request` where the
 * provider refuses it.
 */
export async function probeEmbeddings(model: EmbeddingModel, signal: AbortSignal): Promise<void> {
  await model.embed(['banyan'], 'query', signal);
}
