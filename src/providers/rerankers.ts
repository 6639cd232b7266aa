import { splitPart } from '#config/parse-value.ts';
import type { Config } from '#config/schema.ts';
import { createBedrockReranker } from '#src/adapters/reranker/bedrock.ts';
import { createLexicalReranker } from '#src/adapters/reranker/lexical.ts';
import { createPineconeReranker } from '#src/adapters/reranker/pinecone.ts';
import type { Reranker } from '#src/ports/reranker.ts';
import { given } from './given.ts';
import { missingSetting } from './missing-setting.ts';

/** The ways to the reranker of the settings, in order of preference; none for `none`. Throws CONFIG_INVALID where a setting is missing. */
export function createRerankers(config: Config): readonly Reranker[] {
  if (config.reranker === 'none') return [];
  const { provider, name: model } = splitPart(config.reranker);
  if (provider === 'lexical') return [createLexicalReranker()];
  if (provider === 'bedrock') {
    const { awsRegions, bedrockAgentEndpoint, bedrockApiKey } = config;
    return awsRegions.map((region) =>
      createBedrockReranker({ model, region, ...given('endpoint', bedrockAgentEndpoint), ...given('bearerToken', bedrockApiKey) }),
    );
  }
  const { pineconeApiKey: apiKey, pineconeControllerHost } = config;
  if (apiKey === '') throw missingSetting('PINECONE_API_KEY', config.reranker, 'a key of Pinecone');
  return [createPineconeReranker({ model, apiKey, ...given('controllerHost', pineconeControllerHost) })];
}
