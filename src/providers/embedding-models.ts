import { splitPart } from '#config/parse-value.ts';
import type { Config } from '#config/schema.ts';
import { createCohereEmbeddings } from '#src/adapters/embedding-model/cohere.ts';
import { createGeminiEmbeddings } from '#src/adapters/embedding-model/gemini.ts';
import { createOpenAiEmbeddings } from '#src/adapters/embedding-model/openai.ts';
import { createPineconeEmbeddings } from '#src/adapters/embedding-model/pinecone.ts';
import { createTitanEmbeddings } from '#src/adapters/embedding-model/titan.ts';
import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import type { OnRate } from '#src/ports/rate-hint.ts';
import { given } from './given.ts';
import { missingSetting } from './missing-setting.ts';
import { openAiOptions } from './model-options.ts';

/** The usual length of a model's vectors, by the beginning of its id; the longest entry that fits wins. */
const DIMENSIONS: Readonly<Record<string, number>> = {
  'bedrock:amazon.titan-embed-text-v2': 1024,
  'bedrock:cohere.embed-english-v3': 1024,
  'bedrock:cohere.embed-multilingual-v3': 1024,
  'bedrock:cohere.embed-v4': 1536,
  'gemini:gemini-embedding': 3072,
  'openai:text-embedding-3-small': 1536,
  'openai:text-embedding-3-large': 3072,
  'openai:text-embedding-ada-002': 1536,
  'openai:nomic-embed-text': 768,
  'openai:mxbai-embed-large': 1024,
  'openai:all-minilm': 384,
  'openai:sentence-transformers/all-MiniLM-L6-v2': 384,
  'pinecone:multilingual-e5-large': 1024,
  'pinecone:llama-text-embed-v2': 1024,
};

/** The ways to the embedding model of the settings, in order of preference; none for `none`. Throws CONFIG_INVALID where a setting is missing. */
export function createEmbeddingModels(config: Config, onRate?: OnRate): readonly EmbeddingModel[] {
  if (config.embeddingModel === 'none') return [];
  const { provider, name: model } = splitPart(config.embeddingModel);
  const dimension = dimensionOf(config);
  switch (provider) {
    case 'bedrock':
      return config.awsRegions.map((region) => {
        const options = { model, region, dimension, ...given('endpoint', config.bedrockEndpoint), ...given('bearerToken', config.bedrockApiKey) };
        return /\bcohere\./.test(model) ? createCohereEmbeddings(options) : createTitanEmbeddings(options);
      });
    case 'gemini':
      return geminiEmbeddings(config, model, dimension);
    case 'pinecone':
      return [pineconeEmbeddings(config, model, dimension)];
    default:
      return openAiOptions(config, model).map((options) => createOpenAiEmbeddings({ ...options, dimension, maxItems: config.embeddingBatchSize, onRate }));
  }
}

function dimensionOf({ embeddingModel, embeddingDimension }: Config): number {
  if (embeddingDimension > 0) return embeddingDimension;
  const known = Object.keys(DIMENSIONS).filter((prefix) => embeddingModel.startsWith(prefix)).sort((a, b) => b.length - a.length);
  const dimension = DIMENSIONS[known[0] ?? ''];
  if (dimension === undefined) throw missingSetting('BANYAN_EMBEDDING_DIMENSION', embeddingModel, 'the length of its vectors');
  return dimension;
}

function geminiEmbeddings({ geminiApiKeys, geminiBaseUrl, geminiApiVersion: apiVersion }: Config, model: string, dimension: number): readonly EmbeddingModel[] {
  if (geminiApiKeys.length === 0) throw missingSetting('GEMINI_API_KEY', `gemini:${model}`, 'a key of the Gemini API');
  return geminiApiKeys.map((apiKey, index) =>
    createGeminiEmbeddings({ model, apiKey, dimension, apiVersion, accountName: `key-${index + 1}`, ...given('baseUrl', geminiBaseUrl) }),
  );
}

function pineconeEmbeddings({ pineconeApiKey: apiKey, pineconeControllerHost }: Config, model: string, dimension: number): EmbeddingModel {
  if (apiKey === '') throw missingSetting('PINECONE_API_KEY', `pinecone:${model}`, 'a key of Pinecone');
  return createPineconeEmbeddings({ model, apiKey, dimension, ...given('controllerHost', pineconeControllerHost) });
}
