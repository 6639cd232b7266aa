import type { Component } from '#agents/health/health.agent.ts';
import { splitPart } from '#config/parse-value.ts';
import type { Config } from '#config/schema.ts';
import { createEmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';
import { createPineconeIndex } from '#src/adapters/vector-index/pinecone.ts';
import { createQdrantIndex } from '#src/adapters/vector-index/qdrant.ts';
import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import type { VectorIndex } from '#src/ports/vector-index.ts';
import type { ActorLink } from '#src/store/tenant/store-actor.ts';
import { given } from './given.ts';
import { indexComponent } from './index-component.ts';
import { missingSetting } from './missing-setting.ts';

export interface MadeIndex {
  readonly index: VectorIndex;
  /** Its health, where it has one of its own. */
  readonly components: readonly Component[];
}

/** The vector index of the settings, for the vectors of `model`. Throws CONFIG_INVALID where a setting is missing. */
export function createVectorIndex(config: Config, link: ActorLink, model: EmbeddingModel): MadeIndex {
  const { vectorIndex } = config;
  if (vectorIndex === 'embedded') return embeddedIndex(link, model);
  const { provider, name } = splitPart(vectorIndex);
  const index = provider === 'pinecone' ? pineconeIndex(config, name) : qdrantIndex(config, name, model.dimension);
  return { index, components: [] };
}

function embeddedIndex(link: ActorLink, model: EmbeddingModel): MadeIndex {
  const index = createEmbeddedVectorIndex({ link, model: model.id });
  return { index, components: [indexComponent(index)] };
}

function pineconeIndex(config: Config, index: string): VectorIndex {
  const { pineconeApiKey: apiKey, pineconeIndexHost, pineconeControllerHost, pineconeTextField: textField } = config;
  if (apiKey === '') throw missingSetting('PINECONE_API_KEY', `pinecone:${index}`, 'a key of Pinecone');
  const foreign = textField === '' ? {} : { foreign: { textField } };
  return createPineconeIndex({ index, apiKey, ...given('host', pineconeIndexHost), ...given('controllerHost', pineconeControllerHost), ...foreign });
}

function qdrantIndex({ qdrantUrl: url, qdrantApiKey }: Config, collection: string, dimension: number): VectorIndex {
  return createQdrantIndex({ url, collection, dimension, ...given('apiKey', qdrantApiKey) });
}
