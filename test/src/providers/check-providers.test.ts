import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Config, Environment } from '#config/schema.ts';
import { checkProviders } from '#src/providers/check-providers.ts';
import { startEmulators } from '../../support/emulators/start-emulators.ts';
import type { Emulators } from '../../support/emulators/start-emulators.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { testConfig } from '../../support/test-config.ts';
import { scrubEnvironment } from '../adapters/scrub-environment.ts';

async function emulated(): Promise<Emulators> {
  const emulators = await startEmulators();
  onTestFinished(() => emulators.close());
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = emulators.environment;
  vi.stubEnv('AWS_ACCESS_KEY_ID', AWS_ACCESS_KEY_ID);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', AWS_SECRET_ACCESS_KEY);
  return emulators;
}

function settings(environment: Environment): Config {
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...ours } = environment;
  return testConfig(temporaryDirectory(), ours);
}

/** `role: outcome`, with what tells outcomes of one kind apart. */
async function outcomes(environment: Environment, timeoutMs?: number): Promise<readonly string[]> {
  const checks = await checkProviders(settings(environment), timeoutMs === undefined ? {} : { timeoutMs });
  return checks.map(({ role, outcome }) => {
    if (outcome.kind === 'failed') return `${role}: ${outcome.error.failure} ${outcome.error.account}`;
    if (outcome.kind === 'misconfigured') return `${role}: needs ${outcome.error.details?.[0]?.field}`;
    return `${role}: ${outcome.kind} ${'account' in outcome ? outcome.account : ''}`;
  });
}

describe('checkProviders', () => {
  scrubEnvironment();

  test('asks nobody where no provider is set', async () => {
    expect(await outcomes({})).toEqual([]);
    expect(await outcomes({ BANYAN_RERANKER: 'lexical:mmr' })).toEqual([]);
  });

  test('finds all of the emulated providers well, in the order of the settings', async () => {
    const { environment } = await emulated();
    expect(await outcomes(environment)).toEqual([
      'model: usable gemini/key-1/gemini-3.8-flash',
      'model: usable bedrock/us-east-1/us.amazon.nova-2-lite-v1:0',
      'embeddings: usable bedrock/us-east-1/amazon.titan-embed-text-v2:0',
      'vectors: usable pinecone/rag-docs',
      'reranker: usable bedrock/us-east-1/cohere.rerank-v3-5:0',
    ]);
  });

  test('asks the other providers as well, by their own ways', async () => {
    const { environment } = await emulated();
    const others = { BANYAN_MODELS: 'openai:gpt-5-mini', BANYAN_EMBEDDING_MODEL: 'openai:text-embedding-3-small', BANYAN_VECTOR_INDEX: 'qdrant:docs', BANYAN_RERANKER: 'pinecone:bge-reranker-v2-m3' };
    const [model, embeddings, vectors, reranker] = await outcomes({ ...environment, ...others });
    expect([model, embeddings]).toEqual([expect.stringMatching(/^model: usable openai\/.*gpt-5-mini$/), expect.stringMatching(/^embeddings: usable openai\//)]);
    expect(vectors).toBe('vectors: absent qdrant/docs');
    expect(reranker).toMatch(/^reranker: usable pinecone\//);
  });

  test('asks by each key, and says which one is refused', async () => {
    const { environment } = await emulated();
    expect(await outcomes({ ...environment, BANYAN_MODELS: 'gemini:gemini-3.8-flash', GEMINI_API_KEY: `${environment['GEMINI_API_KEY']},wrong-key` })).toEqual(
      expect.arrayContaining(['model: usable gemini/key-1/gemini-3.8-flash', 'model: auth gemini/key-2/gemini-3.8-flash']),
    );
  });

  test.for<[string, Environment, readonly string[]]>([
    ['a wrong key of Gemini', { GEMINI_API_KEY: 'wrong-key' }, ['model: auth gemini/key-1/gemini-3.8-flash']],
    ['a wrong key of Pinecone', { PINECONE_API_KEY: 'wrong-key' }, ['vectors: auth pinecone/rag-docs']],
    ['a wrong key of OpenAI', { BANYAN_MODELS: 'openai:gpt-4o-mini', OPENAI_API_KEY: 'wrong-key' }, [expect.stringMatching(/^model: auth openai\//) as string]],
    ['a wrong key of Qdrant', { BANYAN_VECTOR_INDEX: 'qdrant:docs', QDRANT_API_KEY: 'wrong-key' }, ['vectors: auth qdrant/docs']],
    ['a wrong Bedrock key', { AWS_BEARER_TOKEN_BEDROCK: 'wrong-key' }, ['model: auth bedrock/us-east-1/us.amazon.nova-2-lite-v1:0']],
    ['an unknown model of Gemini', { BANYAN_MODELS: 'gemini:gemini-0' }, ['model: not_found gemini/key-1/gemini-0']],
    ['an unknown model of Bedrock', { BANYAN_MODELS: 'bedrock:nobody.knows-v1:0' }, ['model: bad_request bedrock/us-east-1/nobody.knows-v1:0']],
    ['a model that the server does not list', { BANYAN_MODELS: 'openai:gpt-0' }, [expect.stringMatching(/^model: not_found openai\//) as string]],
    ['an index that does not exist', { BANYAN_VECTOR_INDEX: 'pinecone:nothing', PINECONE_INDEX_HOST: '' }, ['vectors: not_found pinecone/nothing']],
    ['an index of another dimension', { BANYAN_EMBEDDING_DIMENSION: '512' }, ['vectors: mismatch pinecone/rag-docs']],
    ['a missing key', { GEMINI_API_KEY: '' }, ['model: needs GEMINI_API_KEY']],
    ['a missing project', { BANYAN_MODELS: 'vertex:gemini-3.8-flash' }, ['model: needs GOOGLE_CLOUD_PROJECT']],
    ['a missing dimension', { BANYAN_EMBEDDING_MODEL: 'openai:nobody-knows' }, ['embeddings: needs BANYAN_EMBEDDING_DIMENSION']],
    ['a host that nobody listens on', { GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:1' }, ['model: unavailable gemini/key-1/gemini-3.8-flash']],
    ['an index without an embedding model', { BANYAN_EMBEDDING_MODEL: 'none' }, ['vectors: unused ']],
  ])('%s is found', async ([, change, found]) => {
    const { environment } = await emulated();
    expect(await outcomes({ ...environment, ...change })).toEqual(expect.arrayContaining([...found]));
  });

  test('credentials that are missing, and credentials of another account, are found', async () => {
    const { environment } = await emulated();
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another-secret');
    expect(await outcomes(environment)).toContain('embeddings: auth bedrock/us-east-1/amazon.titan-embed-text-v2:0');
    const home = temporaryDirectory();
    for (const [name, value] of Object.entries({ HOME: home, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined })) vi.stubEnv(name, value);
    expect(await outcomes(environment)).toContain('embeddings: auth bedrock/us-east-1/amazon.titan-embed-text-v2:0');
  });

  test('Vertex AI without credentials of Google is found', async () => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', join(temporaryDirectory(), 'nothing.json'));
    const vertex = { BANYAN_MODELS: 'vertex:gemini-3.8-flash', GOOGLE_CLOUD_PROJECT: 'my-project' };
    expect(await outcomes(vertex)).toEqual(['model: auth gemini/my-project/gemini-3.8-flash']);
  });

  test('what never answers is left at the deadline, and holds up nothing else', async () => {
    const { environment, gemini } = await emulated();
    gemini.script({ hang: 'connect' });
    const found = await outcomes(environment, 1500);
    expect(found[0]).toBe('model: timeout gemini/key-1/gemini-3.8-flash');
    expect(found.slice(1).every((line) => line.includes(': usable '))).toBe(true);
  });

  test('a throttled provider is told from one that is ill', async () => {
    const { environment, gemini, pinecone } = await emulated();
    gemini.script({ error: 'throttled' });
    pinecone.script({ status: 500, headers: { 'content-type': 'text/html' }, body: '<h1>Sorry</h1>' });
    const found = await outcomes(environment);
    expect(found).toContain('model: rate_limited gemini/key-1/gemini-3.8-flash');
    expect(found).toContain('vectors: unavailable pinecone/rag-docs');
  });

  test('no key stands in what is found', async () => {
    const { environment } = await emulated();
    const checks = await checkProviders(settings({ ...environment, GEMINI_API_KEY: 'wrong-key-of-mine', PINECONE_API_KEY: 'wrong-key-of-mine' }));
    const said = checks.map(({ outcome }) => (outcome.kind === 'failed' ? `${outcome.error.message} ${outcome.error.stack}` : ''));
    expect(said.join('\n')).not.toContain('wrong-key-of-mine');
  });
});
