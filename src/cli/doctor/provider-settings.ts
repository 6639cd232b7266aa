import { splitPart } from '#config/parse-value.ts';
import type { Config } from '#config/schema.ts';
import type { ProviderRole } from '#src/providers/check-providers.ts';

/** Which settings an operator looks at when a provider is not well. */
export interface ProviderSettings {
  /** What names the part. */
  readonly name: string;
  readonly credentials: string;
  /** Where the provider is, or through which region. */
  readonly address: string;
}

const NAMES: Readonly<Record<ProviderRole, string>> = {
  model: 'BANYAN_MODELS',
  embeddings: 'BANYAN_EMBEDDING_MODEL',
  vectors: 'BANYAN_VECTOR_INDEX',
  reranker: 'BANYAN_RERANKER',
};

type Places = Omit<ProviderSettings, 'name'>;

const PLACES: Readonly<Record<string, Places>> = {
  gemini: { credentials: 'GEMINI_API_KEY', address: 'GOOGLE_GEMINI_BASE_URL' },
  vertex: { credentials: "GOOGLE_CLOUD_PROJECT and Google's credentials (GOOGLE_APPLICATION_CREDENTIALS)", address: 'GOOGLE_CLOUD_LOCATION' },
  openai: { credentials: 'OPENAI_API_KEY', address: 'OPENAI_BASE_URL' },
  qdrant: { credentials: 'QDRANT_API_KEY', address: 'QDRANT_URL' },
};

/** The settings behind `part`, which is `provider:name`. */
export function settingsOf(config: Config, role: ProviderRole, part: string): ProviderSettings {
  const { provider } = splitPart(part);
  return { name: NAMES[role], ...(PLACES[provider] ?? (provider === 'bedrock' ? bedrock(config, role) : pinecone(role))) };
}

function bedrock({ bedrockApiKey }: Config, role: ProviderRole): Places {
  const credentials = bedrockApiKey === '' ? 'the AWS credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID or a role) and their rights' : 'AWS_BEARER_TOKEN_BEDROCK';
  return { credentials, address: role === 'reranker' ? 'AWS_REGION (AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME)' : 'AWS_REGION (AWS_ENDPOINT_URL_BEDROCK_RUNTIME)' };
}

function pinecone(role: ProviderRole): Places {
  return { credentials: 'PINECONE_API_KEY', address: role === 'vectors' ? 'PINECONE_INDEX_HOST' : 'PINECONE_CONTROLLER_HOST' };
}
