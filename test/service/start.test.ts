import { describe, expect, test } from 'vitest';
import type { Environment } from '#config/schema.ts';
import { startApplication } from '../support/start-application.ts';
import { useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

const INVALID: readonly (readonly [env: Environment, field: string, part: string])[] = [
  [{ BANYAN_MODELS: 'gemini:gemini-3.8-flash' }, 'GEMINI_API_KEY', 'gemini:gemini-3.8-flash'],
  [{ BANYAN_MODELS: 'extractive:quotes,gemini:gemini-3.8-flash' }, 'GEMINI_API_KEY', 'gemini:gemini-3.8-flash'],
  [{ BANYAN_MODELS: 'vertex:gemini-3.8-flash' }, 'GOOGLE_CLOUD_PROJECT', 'vertex:gemini-3.8-flash'],
  [{ BANYAN_EMBEDDING_MODEL: 'gemini:gemini-embedding-2' }, 'GEMINI_API_KEY', 'gemini:gemini-embedding-2'],
  [{ BANYAN_EMBEDDING_MODEL: 'pinecone:multilingual-e5-large' }, 'PINECONE_API_KEY', 'pinecone:multilingual-e5-large'],
  [{ BANYAN_EMBEDDING_MODEL: 'openai:unheard-of' }, 'BANYAN_EMBEDDING_DIMENSION', 'openai:unheard-of'],
  [{ BANYAN_EMBEDDING_MODEL: 'bedrock:amazon.titan-embed-text-v2:0', BANYAN_VECTOR_INDEX: 'pinecone:rag-docs' }, 'PINECONE_API_KEY', 'pinecone:rag-docs'],
  [{ BANYAN_RERANKER: 'pinecone:bge-reranker-v2-m3' }, 'PINECONE_API_KEY', 'pinecone:bge-reranker-v2-m3'],
];

describe('the service does not start', () => {
  test.for(INVALID)('with %j, and names %s', async ([env, field, part]) => {
    const failure = await startApplication({ env }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', details: [{ field }] });
    expect((failure as Error).message).toContain(`${part} needs ${field}`);
  });

  test.for([
    [{ BANYAN_MODELS: 'gpt-4o' }, 'BANYAN_MODELS'],
    [{ BANYAN_MODELS: 'nobody:model' }, 'BANYAN_MODELS'],
    [{ BANYAN_TEMPERATURE: 'hot' }, 'BANYAN_TEMPERATURE'],
    [{ BANYAN_VECTOR_INDEX: 'milvus:docs' }, 'BANYAN_VECTOR_INDEX'],
  ] as const)('with %j, and names %s as wrong', async ([env, field]) => {
    await expect(startApplication({ env })).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: [{ field }] });
  });
});

describe('the service starts', () => {
  test('without any key where nothing is switched on that needs one, and says nothing of providers', async () => {
    const { url } = await startApplication();
    const health = JSON.stringify(await (await fetch(`${url}/health`)).json());
    expect(health).not.toMatch(/gemini|bedrock|pinecone|vectors/);
  });

  test('with a model whose provider is away: it is found out by the first question, not before', async () => {
    const env = { BANYAN_MODELS: 'openai:llama3.2', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' };
    await expect(startApplication({ env })).resolves.toBeDefined();
  });
});
