import { AWS_ACCESS_KEY_ID, AWS_REGION, AWS_SECRET_ACCESS_KEY, startBedrock } from './bedrock/bedrock.ts';
import type { BedrockEmulator } from './bedrock/bedrock.ts';
import type { Emulator, EmulatorOptions } from './emulator.ts';
import { GEMINI_KEY, startGemini } from './gemini/gemini.ts';
import { OPENAI_KEY, startOpenAi } from './openai/openai.ts';
import { PINECONE_INDEX, PINECONE_KEY, startPinecone } from './pinecone/pinecone.ts';
import type { PineconeEmulator } from './pinecone/pinecone.ts';
import { QDRANT_KEY, startQdrant } from './qdrant/qdrant.ts';
import type { QdrantEmulator } from './qdrant/qdrant.ts';

export type StartOptions = Pick<EmulatorOptions, 'delayMs' | 'tokenMs' | 'faultShare' | 'seed' | 'keepRequests'>;

export interface Emulators {
  readonly gemini: Emulator;
  readonly openAi: Emulator;
  readonly bedrock: BedrockEmulator;
  readonly pinecone: PineconeEmulator;
  readonly qdrant: QdrantEmulator;
  /** The variables with which the service uses Gemini, Bedrock and Pinecone, and can be switched to the others. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts all five on free ports of the loopback. Each draws its faults from a seed of its own. */
export async function startEmulators(options: StartOptions = {}): Promise<Emulators> {
  const { seed = 1 } = options;
  const [gemini, openAi, bedrock, pinecone, qdrant] = await Promise.all([
    startGemini({ ...options, seed }),
    startOpenAi({ ...options, seed: seed + 1 }),
    startBedrock({ ...options, seed: seed + 2 }),
    startPinecone({ ...options, seed: seed + 3 }),
    startQdrant({ ...options, seed: seed + 4 }),
  ]);
  const emulators = { gemini, openAi, bedrock, pinecone, qdrant };
  return {
    ...emulators,
    environment: { ...ROLES, ...endpointsOf(emulators), ...CREDENTIALS },
    close: async () => void (await Promise.all(Object.values(emulators).map((emulator) => emulator.close()))),
  };
}

const ROLES = {
  BANYAN_MODELS: 'gemini:gemini-3.8-flash,bedrock:us.amazon.nova-2-lite-v1:0',
  BANYAN_EMBEDDING_MODEL: 'bedrock:amazon.titan-embed-text-v2:0',
  BANYAN_VECTOR_INDEX: `pinecone:${PINECONE_INDEX}`,
  BANYAN_RERANKER: 'bedrock:cohere.rerank-v3-5:0',
};

const CREDENTIALS = {
  GEMINI_API_KEY: GEMINI_KEY,
  OPENAI_API_KEY: OPENAI_KEY,
  PINECONE_API_KEY: PINECONE_KEY,
  QDRANT_API_KEY: QDRANT_KEY,
  AWS_REGION,
  AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY,
};

function endpointsOf({ gemini, openAi, bedrock, pinecone, qdrant }: Omit<Emulators, 'environment' | 'close'>): Record<string, string> {
  return {
    GOOGLE_GEMINI_BASE_URL: gemini.url,
    OPENAI_BASE_URL: `${openAi.url}/v1`,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url,
    AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME: bedrock.url,
    PINECONE_INDEX_HOST: pinecone.url,
    PINECONE_CONTROLLER_HOST: pinecone.url,
    QDRANT_URL: qdrant.url,
  };
}
