import type { SeenFrame } from '../providers/conversation.ts';
import type { Stage } from './cancels.ts';

/** Models that a question may name, so that every one of them is asked first once. */
const BEDROCK_MODEL = 'bedrock:us.amazon.nova-2-lite-v1:0';
const OPENAI_MODEL = 'openai:gpt-4o-mini';

/** A service and where its questions are cancelled. */
export interface Setup {
  readonly settings: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

const isDelta = ({ type }: SeenFrame): boolean => type === 'answer-delta';
const isQueued = ({ stage }: SeenFrame): boolean => stage === 'queued';

/** Longer than the question is left alone. */
const THROTTLED = { status: 429, headers: { 'retry-after': '1' }, body: '{}' };

/** Every provider before the first byte, the models also behind the headers and in mid-stream; waits for another try and for a turn. */
export const SETUPS: readonly Setup[] = [
  {
    settings: { BANYAN_MODELS: `gemini:gemini-3.8-flash,${BEDROCK_MODEL},${OPENAI_MODEL}` },
    stages: [
      { name: 'Titan', provider: 'bedrock', path: '/invoke', script: { hang: 'connect' } },
      { name: 'Titan, in mid-body', provider: 'bedrock', path: '/invoke', script: { hang: 'body' } },
      { name: 'Pinecone', provider: 'pinecone', path: '/query', script: { hang: 'connect' } },
      { name: 'Pinecone, in mid-body', provider: 'pinecone', path: '/query', script: { hang: 'body' } },
      { name: 'Bedrock Rerank', provider: 'bedrock', path: '/rerank', script: { hang: 'connect' } },
      { name: 'Gemini', provider: 'gemini', path: ':streamGenerateContent', script: { hang: 'connect' } },
      { name: 'Gemini, behind the headers', provider: 'gemini', path: ':streamGenerateContent', script: { hang: 'headers' } },
      { name: 'Gemini, in mid-stream', provider: 'gemini', path: ':streamGenerateContent', script: { hang: 'body' }, after: isDelta },
      { name: 'Converse', provider: 'bedrock', path: '/converse-stream', script: { hang: 'connect' }, model: BEDROCK_MODEL },
      { name: 'Converse, behind the headers', provider: 'bedrock', path: '/converse-stream', script: { hang: 'headers' }, model: BEDROCK_MODEL },
      { name: 'Converse, in mid-stream', provider: 'bedrock', path: '/converse-stream', script: { hang: 'body' }, after: isDelta, model: BEDROCK_MODEL },
      { name: 'OpenAI', provider: 'openAi', path: '/chat/completions', script: { hang: 'connect' }, model: OPENAI_MODEL },
      { name: 'OpenAI, in mid-stream', provider: 'openAi', path: '/chat/completions', script: { hang: 'body' }, after: isDelta, model: OPENAI_MODEL },
      { name: 'Pinecone, waiting for another try', provider: 'pinecone', path: '/query', script: THROTTLED, isOffTheWire: true },
      { name: 'Titan, waiting for another try', provider: 'bedrock', path: '/invoke', script: THROTTLED, isOffTheWire: true },
    ],
  },
  {
    settings: {
      BANYAN_MODELS: 'gemini:gemini-3.8-flash',
      BANYAN_EMBEDDING_MODEL: 'gemini:gemini-embedding-2',
      BANYAN_EMBEDDING_DIMENSION: '768',
      BANYAN_VECTOR_INDEX: 'qdrant:documents',
      BANYAN_RERANKER: 'pinecone:bge-reranker-v2-m3',
    },
    stages: [
      { name: 'Gemini embeddings', provider: 'gemini', path: ':batchEmbedContents', script: { hang: 'connect' } },
      { name: 'Qdrant', provider: 'qdrant', path: '/points/query', script: { hang: 'connect' } },
      { name: 'Pinecone reranker', provider: 'pinecone', path: '/rerank', script: { hang: 'connect' } },
      { name: 'Gemini, in the queue', provider: 'gemini', path: ':streamGenerateContent', script: THROTTLED, after: isQueued, isOffTheWire: true, isBehindAnother: true },
    ],
  },
  {
    settings: {
      BANYAN_MODELS: OPENAI_MODEL,
      BANYAN_EMBEDDING_MODEL: 'openai:text-embedding-3-small',
      BANYAN_VECTOR_INDEX: 'embedded',
      BANYAN_RERANKER: 'none',
    },
    stages: [{ name: 'OpenAI embeddings', provider: 'openAi', path: '/embeddings', script: { hang: 'connect' } }],
  },
];
