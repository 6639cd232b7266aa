import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { loadConfig } from '#config/load.ts';
import type { Config, Environment, SettingKey } from '#config/schema.ts';
import { fileKey, SETTINGS } from '#config/schema.ts';
import { ServiceError } from '#src/errors.ts';

function refusal(env: Environment, values?: Record<string, unknown>): ServiceError {
  try {
    loadConfig(env, { file: values && { path: 'banyan.yaml', values } });
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new TypeError('expected the settings to be refused');
}

describe('loadConfig', () => {
  test('gives every default when nothing is set', () => {
    const defaults = Object.fromEntries(Object.entries(SETTINGS).map(([key, setting]) => [key, setting.default]));
    expect(loadConfig({})).toEqual(defaults);
    expect(loadConfig({})).toMatchObject({ host: '127.0.0.1', port: 4000, rateLimit: 100, cacheTtlMs: 3_600_000, fuseMelts: 5 });
  });

  test('is frozen', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true);
  });

  test.for<[string, string, SettingKey, Config[SettingKey]]>([
    ['BANYAN_HOST', '::1', 'host', '::1'],
    ['BANYAN_PORT', '0', 'port', 0],
    ['BANYAN_PORT', '65535', 'port', 65_535],
    ['BANYAN_DATA_DIR', '/var/lib/my banyan', 'dataDir', '/var/lib/my banyan'],
    ['BANYAN_LOG_LEVEL', 'debug', 'logLevel', 'debug'],
    ['BANYAN_SEED_ON_FIRST_RUN', 'false', 'seedOnFirstRun', false],
    ['BANYAN_SEED_ON_FIRST_RUN', '1', 'seedOnFirstRun', true],
    ['BANYAN_EXTRACTIVE_RATE', '12.5', 'extractiveRate', 12.5],
    ['BANYAN_RATE_LIMIT', '0', 'rateLimit', 0],
    ['SERVER_HOST', '0.0.0.0', 'host', '0.0.0.0'],
    ['SERVER_PORT', '8080', 'port', 8080],
    ['CACHE_TTL_SECONDS', '3600', 'cacheTtlMs', 3_600_000],
    ['REQUEST_TIMEOUT_SECONDS', '1.1', 'turnTimeoutMs', 1100],
    ['MAX_CONNECTIONS', '100', 'maxConnections', 100],
  ])('%s=%s is accepted', ([name, text, key, value]) => {
    expect(loadConfig({ [name]: text })[key]).toBe(value);
  });

  test.for<[string, string, string]>([
    ['BANYAN_HOST', '', 'a text without white space'],
    ['BANYAN_HOST', 'my host', 'a text without white space'],
    ['BANYAN_PORT', 'http', 'an integer from 0 to 65535'],
    ['BANYAN_PORT', '65536', 'an integer from 0 to 65535'],
    ['BANYAN_PORT', '-1', 'an integer from 0 to 65535'],
    ['BANYAN_PORT', '80.5', 'an integer from 0 to 65535'],
    ['BANYAN_PORT', '0x50', 'an integer from 0 to 65535'],
    ['BANYAN_PORT', ' 80', 'an integer from 0 to 65535'],
    ['BANYAN_PORT', '', 'an integer from 0 to 65535'],
    ['BANYAN_DATA_DIR', '  ', 'a path'],
    ['BANYAN_DATA_DIR', 'a\0b', 'a path'],
    ['BANYAN_LOG_LEVEL', 'INFO', 'one of fatal, error, warn, info, debug, trace, silent'],
    ['BANYAN_SEED_ON_FIRST_RUN', 'maybe', 'true or false'],
    ['BANYAN_EXTRACTIVE_RATE', 'Infinity', 'a number from 0 to 10000 words/s'],
    ['BANYAN_TURN_TIMEOUT_MS', '30s', 'an integer from 100 to 3600000 ms'],
    ['BANYAN_TOP_K', '0', 'an integer from 1 to 50'],
    ['REQUEST_TIMEOUT_SECONDS', '0', 'a number from 0.1 to 3600 seconds'],
    ['SERVER_PORT', 'x', 'an integer from 0 to 65535'],
  ])('%s=%j is refused by that name', ([name, text, expected]) => {
    const error = refusal({ [name]: text });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.details).toEqual([{ field: name, expected, got: JSON.stringify(text) }]);
    expect(error.message).toBe(`expected ${name} to be ${expected}, got: ${JSON.stringify(text)}`);
  });

  test('collects all faults', () => {
    const error = refusal({ BANYAN_PORT: 'x', BANYAN_TOP_K: '99', BANYAN_PROT: '1' }, { rate_limit: 'many' });
    expect(error.details?.map((detail) => detail.field)).toEqual(['BANYAN_PROT', 'BANYAN_PORT', 'rate_limit in banyan.yaml', 'BANYAN_TOP_K']);
    expect(error.message.split('\n')).toHaveLength(4);
  });

  test.for<[string, string | undefined]>([
    ['BANYAN_PROT', 'BANYAN_PORT'],
    ['BANYAN_RATELIMIT', 'BANYAN_RATE_LIMIT'],
    ['BANYAN_TURN_TIMEOUT', 'BANYAN_TURN_TIMEOUT_MS'],
    ['BANYAN_CONFG', 'BANYAN_CONFIG'],
    ['BANYAN_ZEBRA', undefined],
  ])('%s is unknown; the suggestion is %s', ([name, suggestion]) => {
    const hint = suggestion === undefined ? '' : `, did you mean ${suggestion}?`;
    expect(refusal({ [name]: '1' }).message).toBe(`unknown setting ${name}${hint}`);
  });

  test('an unknown name keeps its value to itself', () => {
    const error = refusal({ BANYAN_PASWORD: 'hunter2' });
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
  });

  test('names of others are left alone', () => {
    expect(loadConfig({ PATH: '/bin', HOME: '', CACHED_SIZE: 'x', BANYANX: '1', BANYAN_CONFIG: 'b.yaml', BANYAN_PROT: undefined })).toEqual(loadConfig({}));
  });

  test.for([
    [{ BANYAN_MODELS: 'gemini:gemini-3.8-flash,bedrock:us.amazon.nova-2-lite-v1:0' }, 'models', ['gemini:gemini-3.8-flash', 'bedrock:us.amazon.nova-2-lite-v1:0']],
    [{ DSPY_MODEL: 'gemini-3.8-flash' }, 'models', ['gemini:gemini-3.8-flash']],
    [{ LM_MODEL: 'gpt-5-mini' }, 'models', ['openai:gpt-5-mini']],
    [{ LM_MODEL: 'gemini:gemini-3.8-flash' }, 'models', ['gemini:gemini-3.8-flash']],
    [{ EMBEDDING_MODEL: 'sentence-transformers/all-MiniLM-L6-v2' }, 'embeddingModel', 'openai:sentence-transformers/all-MiniLM-L6-v2'],
    [{ BANYAN_EMBEDDING_MODEL: 'bedrock:amazon.titan-embed-text-v2:0' }, 'embeddingModel', 'bedrock:amazon.titan-embed-text-v2:0'],
    [{ QDRANT_COLLECTION: 'documents' }, 'vectorIndex', 'qdrant:documents'],
    [{ AWS_REGION: 'eu-central-1,us-west-2' }, 'awsRegions', ['eu-central-1', 'us-west-2']],
    [{ GEMINI_API_KEY: '' }, 'geminiApiKeys', []],
    [{ VECTOR_DIM: '384', EMBEDDING_BATCH_SIZE: '16' }, 'embeddingDimension', 384],
  ] as const)('%j', ([env, key, value]) => {
    expect(loadConfig(env)[key]).toEqual(value);
  });

  test.for([
    { BANYAN_MODELS: 'gemini' },
    { BANYAN_MODELS: 'pinecone:rag-docs' },
    { BANYAN_MODELS: 'gemini:a,gemini:a' },
    { BANYAN_MODELS: 'gemini:a, gemini:b' },
    { BANYAN_VECTOR_INDEX: 'memory' },
    { BANYAN_RERANKER: 'gemini:x' },
    { QDRANT_URL: 'localhost:6333' },
  ])('%j is refused by name', (env) => {
    expect(refusal(env).details).toMatchObject([{ field: Object.keys(env)[0] }]);
  });

  test('the value of a secret is never shown', () => {
    const { message, details } = refusal({ PINECONE_API_KEY: 'pcsk very secret' });
    expect(JSON.stringify([message, details])).not.toContain('very');
  });

  test('a list may be one in the file', () => {
    const file = { path: 'b.yaml', values: { models: ['gemini:a', 'openai:b'] } };
    expect(loadConfig({}, { file }).models).toEqual(['gemini:a', 'openai:b']);
  });

  test('a name and its alias may agree', () => {
    expect(loadConfig({ BANYAN_CACHE_TTL_MS: '60000', CACHE_TTL_SECONDS: '60' }).cacheTtlMs).toBe(60_000);
  });

  test('a name and its alias may not differ', () => {
    expect(refusal({ BANYAN_PORT: '4000', SERVER_PORT: '8080' }).message).toBe(
      'expected SERVER_PORT to be the same as BANYAN_PORT, which it is another name of, got: "8080"',
    );
  });

  test('the environment wins over the file, the file over the default', () => {
    const file = { path: 'banyan.yaml', values: { port: 5000, top_k: '7', seed_on_first_run: false } };
    expect(loadConfig({ BANYAN_PORT: '6000' }, { file })).toMatchObject({ port: 6000, topK: 7, seedOnFirstRun: false });
    expect(loadConfig({ SERVER_PORT: '7000' }, { file }).port).toBe(7000);
  });

  test('a fault in the file is told even where the environment wins', () => {
    expect(refusal({ BANYAN_PORT: '6000' }, { port: 'x' }).details).toHaveLength(1);
  });

  test.for<[string, unknown]>([
    ['port', null],
    ['port', [4000]],
    ['port', 4000.5],
    ['port', true],
    ['log_level', { level: 'info' }],
    ['seed_on_first_run', 'yes'],
  ])('%s: %j in the file is refused', ([key, value]) => {
    expect(refusal({}, { [key]: value }).details).toMatchObject([{ field: `${key} in banyan.yaml`, got: JSON.stringify(value) }]);
  });

  test.for(['portt', 'rateLimit', 'BANYAN_PORT', '__proto__', 'constructor'])('%s in the file is unknown', (key) => {
    const error = refusal({}, Object.fromEntries([[key, 1]]));
    expect(error.message).toContain(`unknown setting ${key} in banyan.yaml`);
  });

  test('every integer within the range is taken as it is, every other refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), (port) => {
        const isPort = port >= 0 && port <= 65_535;
        expect(outcome(() => loadConfig({ BANYAN_PORT: String(port) }).port)).toBe(isPort ? port : 'refused');
      }),
    );
  });

  test('no text makes a setting that its schema would not accept, and none crashes', () => {
    const keys = fc.constantFrom(...(Object.keys(SETTINGS) as SettingKey[]));
    fc.assert(
      fc.property(keys, fc.string({ unit: 'binary' }), (key, text) => {
        const env = { [SETTINGS[key].env]: text };
        const fromFile = { file: { path: 'b.yaml', values: { [fileKey(SETTINGS[key])]: text } } };
        expect(outcome(() => loadConfig(env)[key])).toEqual(outcome(() => loadConfig({}, fromFile)[key]));
      }),
    );
  });
});

function outcome(load: () => unknown): unknown {
  try {
    return load();
  } catch (error) {
    if (error instanceof ServiceError) return 'refused';
    throw error;
  }
}
