import { describe, expect, test } from 'vitest';
import { CAUTIOUS_PROFILE, modelProfile } from '#config/model-table.ts';
import type { Environment } from '#config/schema.ts';
import { createLanguageModels } from '#src/providers/language-models.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { testConfig } from '../../support/test-config.ts';
import { scrubEnvironment } from '../adapters/scrub-environment.ts';

scrubEnvironment();

/** The ids and accounts of the routes to a model. */
function routes(id: string, env: Environment = {}): (readonly [id: string, account: string])[] {
  return createLanguageModels(testConfig('.', env), new SimulatedClock())(id).map(({ model }) => [model.id, model.account]);
}

describe('the routes to a model', () => {
  test('of Gemini are its keys, in their order', () => {
    expect(routes('gemini:gemini-3.8-flash', { GEMINI_API_KEY: 'one,two' })).toEqual([
      ['gemini:gemini-3.8-flash', 'gemini/key-1/gemini-3.8-flash'],
      ['gemini:gemini-3.8-flash', 'gemini/key-2/gemini-3.8-flash'],
    ]);
  });

  test('of Bedrock are its regions, in their order', () => {
    expect(routes('bedrock:us.amazon.nova-2-lite-v1:0', { AWS_REGION: 'us-west-2,eu-central-1' })).toEqual([
      ['bedrock:us.amazon.nova-2-lite-v1:0', 'bedrock/us-west-2/us.amazon.nova-2-lite-v1:0'],
      ['bedrock:us.amazon.nova-2-lite-v1:0', 'bedrock/eu-central-1/us.amazon.nova-2-lite-v1:0'],
    ]);
  });

  test('of Bedrock without a region is us-east-1 (features A6)', () => {
    expect(routes('bedrock:amazon.nova-lite-v1:0')).toEqual([['bedrock:amazon.nova-lite-v1:0', 'bedrock/us-east-1/amazon.nova-lite-v1:0']]);
  });

  test('of an OpenAI-compatible server is one without a key, and one for each key', () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' };
    const without = routes('openai:llama3.2', env);
    const one = routes('openai:llama3.2', { ...env, OPENAI_API_KEY: 'one' });
    const two = routes('openai:llama3.2', { ...env, OPENAI_API_KEY: 'one,two' });
    expect([without.length, one.length, two.length]).toEqual([1, 1, 2]);
    expect(one).toEqual(without);
    expect(new Set(two.map(([, account]) => account)).size).toBe(2);
  });

  test('of Vertex AI is one by project, with the profile of the same model of Gemini', () => {
    const make = createLanguageModels(testConfig('.', { GOOGLE_CLOUD_PROJECT: 'shop', GOOGLE_CLOUD_LOCATION: 'europe-west4' }), new SimulatedClock());
    const [route, ...others] = make('vertex:gemini-2.5-flash');
    expect([route?.model.id, others]).toEqual(['vertex:gemini-2.5-flash', []]);
    expect(route?.model.account).toBe('gemini/shop/gemini-2.5-flash');
    expect(route?.profile).toEqual(modelProfile('gemini:gemini-2.5-flash'));
  });

  test('hold no key in what logs and the tree show', () => {
    const env = { GEMINI_API_KEY: 'secret-one,secret-two', OPENAI_API_KEY: 'secret-three,secret-four', AWS_BEARER_TOKEN_BEDROCK: 'secret-five' };
    const shown = ['gemini:gemini-3.8-flash', 'openai:gpt-4o-mini', 'bedrock:amazon.nova-lite-v1:0'].map((id) => routes(id, env));
    expect(JSON.stringify(shown)).not.toContain('secret');
  });

  test('that nobody has described have the cautious profile', () => {
    const [route] = createLanguageModels(testConfig('.'), new SimulatedClock())('openai:somebodys-own');
    expect(route?.profile).toEqual(CAUTIOUS_PROFILE);
  });
});

describe('a model cannot be made', () => {
  test.for([
    ['gemini:gemini-3.8-flash', 'GEMINI_API_KEY'],
    ['vertex:gemini-3.8-flash', 'GOOGLE_CLOUD_PROJECT'],
    ['nobody:model', 'BANYAN_MODELS'],
    ['gemini', 'BANYAN_MODELS'],
    ['', 'BANYAN_MODELS'],
    [':', 'BANYAN_MODELS'],
    ['bedrock:', 'BANYAN_MODELS'],
    ['extractive:poems', 'BANYAN_MODELS'],
  ] as const)('of %j: the setting %s is named', ([id, field]) => {
    expect(() => routes(id)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', details: [expect.objectContaining({ field })] }));
  });
});
