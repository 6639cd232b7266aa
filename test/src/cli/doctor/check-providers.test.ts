import { describe, expect, onTestFinished, test } from 'vitest';
import { describeMismatches } from '#src/cli/doctor/check-collections.ts';
import { describeCheck } from '#src/cli/doctor/check-providers.ts';
import { PROVIDER_FAILURES, ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import type { ProviderRole } from '#src/providers/check-providers.ts';
import { startEmulators } from '../../../support/emulators/start-emulators.ts';
import { runCli } from '../../../support/run-cli.ts';
import { freePort } from '../../../support/serve-process.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { testConfig } from '../../../support/test-config.ts';

const PARTS = { model: 'gemini:gemini-3.8-flash', embeddings: 'openai:nomic-embed-text', vectors: 'pinecone:docs', reranker: 'bedrock:cohere.rerank-v3-5:0' } as const;

function findingOf(role: ProviderRole, failure: ProviderFailure, message = 'what the provider said.') {
  const error = new ProviderError(failure, 'somebody/somewhere', message);
  return describeCheck(testConfig('data'), { role, part: PARTS[role], outcome: { kind: 'failed', error } });
}

async function doctorWith(change: Readonly<Record<string, string>>) {
  const emulators = await startEmulators();
  onTestFinished(() => emulators.close());
  const surroundings = { BANYAN_PORT: String(await freePort()), BANYAN_DATA_DIR: temporaryDirectory(), AWS_EC2_METADATA_DISABLED: 'true' };
  const { status, stdout, stderr } = await runCli(['doctor'], { env: { ...emulators.environment, ...surroundings, ...change } });
  expect(stderr).toBe('');
  return { status, lines: stdout.trimEnd().split('\n').map((line) => line.replaceAll(/ {2,}/g, ' ')) };
}

describe('banyan doctor, with providers', () => {
  test('says of each that it is well', async () => {
    const { status, lines } = await doctorWith({});
    expect(lines.slice(-5)).toEqual([
      'ok model gemini/key-1/gemini-3.8-flash answers',
      'ok model bedrock/us-east-1/us.amazon.nova-2-lite-v1:0 answers',
      'ok embeddings bedrock/us-east-1/amazon.titan-embed-text-v2:0 makes vectors, 1024 dimensions',
      'ok vectors pinecone/rag-docs is there, 1024 dimensions',
      'ok reranker bedrock/us-east-1/cohere.rerank-v3-5:0 ranks',
    ]);
    expect(status).toBe(0);
  });

  test('says in one line each what is wrong and which setting to change, and fails', async () => {
    const { status, lines } = await doctorWith({
      BANYAN_MODELS: 'gemini:gemini-3.8-flash,gemini:gemini-0,vertex:gemini-3.8-flash,openai:gpt-4o-mini',
      BANYAN_EMBEDDING_DIMENSION: '512',
      BANYAN_RERANKER: 'pinecone:bge-reranker-v2-m3',
      PINECONE_CONTROLLER_HOST: `http://127.0.0.1:${await freePort()}`,
      OPENAI_API_KEY: 'wrong-key-of-mine',
    });
    expect(status).toBe(1);
    expect(lines.slice(-7)).toEqual([
      'ok model gemini/key-1/gemini-3.8-flash answers',
      expect.stringMatching(/^fail model gemini\/key-1\/gemini-0 does not exist at the provider .*; name a model that exists in BANYAN_MODELS$/),
      'fail model vertex:gemini-3.8-flash needs GOOGLE_CLOUD_PROJECT: expected a project of Google Cloud',
      expect.stringMatching(/^fail model openai\/.* does not accept the credentials .*; check OPENAI_API_KEY$/),
      'ok embeddings bedrock/us-east-1/amazon.titan-embed-text-v2:0 makes vectors, 512 dimensions',
      expect.stringMatching(/^fail vectors pinecone\/rag-docs holds vectors of 1024 dimensions, and the embedding model makes 512; set BANYAN_EMBEDDING_DIMENSION=1024 .*BANYAN_VECTOR_INDEX$/),
      expect.stringMatching(/^fail reranker pinecone\/.* cannot be reached .*; check the network, HTTPS_PROXY and PINECONE_CONTROLLER_HOST$/),
    ]);
    expect(lines.join('\n')).not.toContain('wrong-key-of-mine');
  });

  test('a proxy that is no address is a line of its own', async () => {
    const { status, lines } = await doctorWith({ HTTPS_PROXY: 'squid:3128' });
    expect(lines.at(-1)).toBe('fail proxy expected HTTPS_PROXY to be an http or https URL; correct it in the environment');
    expect(status).toBe(1);
  });
});

describe('describeCheck', () => {
  test('has a sentence and an advice for every way to fail, of every role', () => {
    for (const failure of Object.keys(PROVIDER_FAILURES) as ProviderFailure[]) {
      for (const role of ['model', 'embeddings', 'vectors', 'reranker'] as const) {
        const { message, advice } = findingOf(role, failure);
        expect(message).toMatch(/^somebody\/somewhere [a-z]/);
        expect(advice).toMatch(/[a-z]/i);
      }
    }
  });

  test('what passes by itself is a warning, everything else a failure', () => {
    const warnings = (Object.keys(PROVIDER_FAILURES) as ProviderFailure[]).filter((failure) => findingOf('model', failure).status === 'warn');
    expect(warnings).toEqual(['rate_limited', 'aborted', 'blocked']);
  });

  test('keeps what the provider said to one line of bounded length', () => {
    const { message } = findingOf('model', 'auth', `no\n\n  ${'x'.repeat(1000)}`);
    expect(message).toMatch(/^somebody\/somewhere does not accept the credentials \(no x+…\)$/);
    expect(message.length).toBeLessThan(260);
  });

  test('names the settings of the provider that failed', () => {
    expect(findingOf('embeddings', 'bad_response').advice).toBe('check BANYAN_EMBEDDING_DIMENSION and OPENAI_BASE_URL');
    expect(findingOf('reranker', 'unavailable').advice).toBe('check the network, HTTPS_PROXY and AWS_REGION (AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME)');
    expect(findingOf('vectors', 'not_found').advice).toBe('make the index, or name one that exists in BANYAN_VECTOR_INDEX');
  });

  test('an index that the first document makes is well, one that nothing uses is a warning', () => {
    const config = testConfig('data');
    expect(describeCheck(config, { role: 'vectors', part: 'qdrant:docs', outcome: { kind: 'absent', account: 'qdrant/docs' } })).toMatchObject({ status: 'ok' });
    expect(describeCheck(config, { role: 'vectors', part: 'qdrant:docs', outcome: { kind: 'unused' } })).toMatchObject({ status: 'warn', advice: 'set BANYAN_EMBEDDING_MODEL' });
  });
});

describe('describeMismatches', () => {
  const titan = { model: 'bedrock:amazon.titan-embed-text-v2:0', dimension: 1024 };

  test('a collection of the model of the settings is well', () => {
    expect(describeMismatches([{ name: 'default', embedding_model: titan.model, embedding_dimension: 1024 }], titan)).toEqual([]);
  });

  test('a collection of another model or dimension fails, and what to set is said', () => {
    const [finding] = describeMismatches([{ name: 'default', embedding_model: 'openai:nomic-embed-text', embedding_dimension: 768 }], titan);
    expect(finding).toMatchObject({ status: 'fail', message: expect.stringContaining('made by openai:nomic-embed-text with 768 dimensions') as string });
    expect(finding?.advice).toContain('BANYAN_EMBEDDING_MODEL=openai:nomic-embed-text and BANYAN_EMBEDDING_DIMENSION=768');
    expect(describeMismatches([{ name: 'default', embedding_model: titan.model, embedding_dimension: 512 }], titan)).toHaveLength(1);
  });
});
