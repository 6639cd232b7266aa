import { describe, expect, test } from 'vitest';
import type { Environment } from '#config/schema.ts';
import { createEmbeddingModels } from '#src/providers/embedding-models.ts';
import { createRerankers } from '#src/providers/rerankers.ts';
import { testConfig } from '../../support/test-config.ts';
import { scrubEnvironment } from '../adapters/scrub-environment.ts';

scrubEnvironment();

function embeddings(model: string, env: Environment = {}) {
  return createEmbeddingModels(testConfig('.', { BANYAN_EMBEDDING_MODEL: model, ...env }));
}

function rerankers(model: string, env: Environment = {}) {
  return createRerankers(testConfig('.', { BANYAN_RERANKER: model, ...env })).map(({ id, account }) => [id, account]);
}

const KEYS = { GEMINI_API_KEY: 'secret-1,secret-2', PINECONE_API_KEY: 'secret-3', OPENAI_API_KEY: 'secret-4,secret-5', AWS_REGION: 'us-east-1,us-west-2' };

describe('an embedding model', () => {
  test.for([
    ['bedrock:amazon.titan-embed-text-v2:0', 1024, 2],
    ['bedrock:cohere.embed-multilingual-v3', 1024, 2],
    ['bedrock:cohere.embed-v4:0', 1536, 2],
    ['gemini:gemini-embedding-001', 3072, 2],
    ['openai:text-embedding-3-small', 1536, 2],
    ['openai:nomic-embed-text', 768, 2],
    ['openai:sentence-transformers/all-MiniLM-L6-v2', 384, 2],
    ['pinecone:multilingual-e5-large', 1024, 1],
  ] as const)('%s has vectors of %i numbers, and %i ways to it', ([id, dimension, ways]) => {
    const models = embeddings(id, KEYS);
    expect(models.map((model) => [model.id, model.dimension])).toEqual(Array.from({ length: ways }, () => [id, dimension]));
    expect(new Set(models.map(({ account }) => account)).size).toBe(ways);
    expect(JSON.stringify(models.map(({ account }) => account))).not.toContain('secret');
  });

  test('has vectors as long as the setting says (features E13: VECTOR_DIM)', () => {
    expect(embeddings('bedrock:amazon.titan-embed-text-v2:0', { VECTOR_DIM: '512' }).map(({ dimension }) => dimension)).toEqual([512]);
    expect(embeddings('openai:somebodys-own', { BANYAN_EMBEDDING_DIMENSION: '384' }).map(({ dimension }) => dimension)).toEqual([384]);
  });

  test('is none where none is wanted, whatever keys there are', () => {
    expect(embeddings('none', KEYS)).toEqual([]);
  });

  test('cannot be made without its key, or its dimension where nobody knows it', () => {
    const refused = [['gemini:gemini-embedding-2', 'GEMINI_API_KEY'], ['pinecone:multilingual-e5-large', 'PINECONE_API_KEY'], ['openai:unheard-of', 'BANYAN_EMBEDDING_DIMENSION']] as const;
    for (const [id, field] of refused) {
      expect(() => embeddings(id)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: [expect.objectContaining({ field })] }));
    }
  });
});

describe('a reranker', () => {
  test('of Bedrock is one for each region', () => {
    expect(rerankers('bedrock:cohere.rerank-v3-5:0', KEYS)).toEqual([
      ['bedrock:cohere.rerank-v3-5:0', 'bedrock/us-east-1/cohere.rerank-v3-5:0'],
      ['bedrock:cohere.rerank-v3-5:0', 'bedrock/us-west-2/cohere.rerank-v3-5:0'],
    ]);
  });

  test('of words needs no provider', () => {
    expect(rerankers('lexical:mmr').map(([id]) => id)).toEqual(['lexical:mmr']);
  });

  test('is none where none is wanted', () => {
    expect(rerankers('none', KEYS)).toEqual([]);
  });

  test('of Pinecone needs its key', () => {
    expect(() => rerankers('pinecone:bge-reranker-v2-m3')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(rerankers('pinecone:bge-reranker-v2-m3', KEYS)).toHaveLength(1);
  });
});
