import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkBedrock, createBedrockModel } from '#src/adapters/language-model/bedrock.ts';
import type { BedrockOptions } from '#src/adapters/language-model/bedrock.ts';
import {
  AWS_ACCESS_KEY_ID, AWS_REGION, AWS_SECRET_ACCESS_KEY, BEDROCK_KEY, GUARDRAIL, INFERENCE_PROFILE_ARN, startBedrock,
} from '../../../support/emulators/bedrock/bedrock.ts';
import type { BedrockEmulator } from '../../../support/emulators/bedrock/bedrock.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { collect, EXAMPLE_ANSWER, exampleRequest, say } from './generation.ts';
import { describeLanguageModel } from './language-model-laws.ts';

const MODEL = 'us.amazon.nova-2-lite-v1:0';
const CLAUDE = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const ENVIRONMENT = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
const options = (endpoint: string): BedrockOptions => ({ model: MODEL, region: AWS_REGION, endpoint });
const keyed = (endpoint: string, bearerToken = BEDROCK_KEY): BedrockOptions => ({ ...options(endpoint), bearerToken });

describeLanguageModel({
  name: 'a Bedrock model',
  secret: BEDROCK_KEY,
  // With signatures; a wrong key is one of the other kind.
  environment: ENVIRONMENT,
  start: () => startBedrock(),
  create: (url, secret) => createBedrockModel(secret === undefined ? options(url) : keyed(url, secret)),
  check: (url, signal, secret) => checkBedrock(secret === undefined ? options(url) : keyed(url, secret), signal),
  record: (url, prompt) =>
    fetch(`${url}/model/${encodeURIComponent(MODEL)}/converse-stream`, {
      method: 'POST',
      headers: { authorization: `Bearer ${BEDROCK_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: prompt.slice(1).map(({ text }) => ({ role: 'user', content: [{ text }] })) }),
    }),
  failures: [
    ['throttled', 'rate_limited', 1000],
    ['throttled-without-delay', 'rate_limited'],
    ['throttled-frame', 'rate_limited'],
    ['not-ready', 'rate_limited'],
    ['quota', 'quota'],
    ['auth', 'auth'],
    ['expired', 'auth'],
    ['access_denied', 'auth'],
    ['bad_request', 'bad_request'],
    ['bad_request-frame', 'bad_request'],
    ['not_found', 'not_found'],
    ['timeout', 'timeout'],
    ['model_error', 'unavailable'],
    ['model_error-frame:1', 'unavailable'],
    ['internal', 'unavailable'],
    ['internal-frame', 'unavailable'],
    ['unavailable', 'unavailable'],
    ['unavailable-frame', 'unavailable'],
    ['blocked', 'blocked'],
    ['malformed', 'bad_response'],
    ['bad-crc', 'bad_response'],
    ['bad-crc:0', 'bad_response'],
    ['cut-frame', 'bad_response'],
    ['no-stop', 'truncated'],
  ],
  blockedInMidAnswer: 'blocked-answer',
});

describe('a Bedrock model', () => {
  scrubEnvironment(ENVIRONMENT);
  let emulator: BedrockEmulator;
  beforeAll(async () => void (emulator = await startBedrock()));
  afterAll(() => emulator.close());
  const lastBody = () => JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '') as Record<string, unknown>;
  const failing = (changes: Partial<BedrockOptions>) => failureIn(say(createBedrockModel({ ...options(emulator.url), ...changes }), exampleRequest()));

  test('answers by a bearer key alone', async () => {
    for (const name of Object.keys(ENVIRONMENT)) vi.stubEnv(name, undefined);
    expect(await say(createBedrockModel(keyed(emulator.url)), exampleRequest())).toBe(EXAMPLE_ANSWER);
    expect(emulator.requests.at(-1)?.headers.authorization).toBe(`Bearer ${BEDROCK_KEY}`);
  });

  test('goes where its options say and signs, whatever the environment says', async () => {
    vi.stubEnv('AWS_BEARER_TOKEN_BEDROCK', 'another');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    vi.stubEnv('AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'http://127.0.0.1:9');
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    expect(await say(createBedrockModel(options(emulator.url)), exampleRequest())).toBe(EXAMPLE_ANSWER);
    expect(emulator.requests.at(-1)?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 .*\/us-east-1\/bedrock\//);
  });

  test('says auth where nothing gives credentials, where the secret is wrong and where no region is set', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    expect((await failing({})).failure).toBe('auth');
    for (const name of Object.keys(ENVIRONMENT)) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere');
    expect((await failing({})).failure).toBe('auth');
    expect((await failing({ region: '' })).failure).toBe('auth');
  });

  test('takes new credentials once the old ones are over', async () => {
    const key = 'AKIAEMULATED00000002';
    emulator.accounts.set(key, { secretAccessKey: 'second-secret' });
    vi.stubEnv('AWS_ACCESS_KEY_ID', key);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'second-secret');
    // Within five minutes of their end the SDK asks its chain again.
    vi.stubEnv('AWS_CREDENTIAL_EXPIRATION', new Date(Date.now() + 60_000).toISOString());
    const model = createBedrockModel(options(emulator.url));
    expect(await say(model, exampleRequest())).toBe(EXAMPLE_ANSWER);
    emulator.accounts.delete(key);
    vi.stubEnv('AWS_ACCESS_KEY_ID', AWS_ACCESS_KEY_ID);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', AWS_SECRET_ACCESS_KEY);
    expect(await say(model, exampleRequest())).toBe(EXAMPLE_ANSWER);
  });

  test('is right again after one call when the clock was wrong', async () => {
    const ahead = await startBedrock({ nowMs: () => Date.now() + 3_600_000 });
    try {
      const headers = { date: new Date(Date.now() + 3_600_000).toUTCString() };
      const model = createBedrockModel(options(ahead.url));
      // The refusal holds the time of the provider, as Bedrock's does.
      const body = JSON.stringify({ message: 'Signature expired' });
      ahead.script({ status: 403, headers: { ...headers, 'x-amzn-errortype': 'InvalidSignatureException' }, body });
      expect(await failureIn(say(model, exampleRequest()))).toMatchObject({ failure: 'unavailable', isRetryable: true });
      expect(await say(model, exampleRequest())).toBe(EXAMPLE_ANSWER);
    } finally {
      await ahead.close();
    }
  });

  test('calls inference profiles by id and by ARN', async () => {
    const profile = `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${CLAUDE}`;
    for (const model of [CLAUDE, profile, INFERENCE_PROFILE_ARN]) {
      expect(await say(createBedrockModel({ ...options(emulator.url), model }), exampleRequest())).toBe(EXAMPLE_ANSWER);
    }
    expect((await failing({ model: 'us.amazon.nova-9-v1:0' })).failure).toBe('bad_request');
  });

  test('goes on from a prefilled answer, where the model takes one', async () => {
    const { prompt } = exampleRequest();
    const begun = { prompt: [...prompt, { role: 'assistant', text: EXAMPLE_ANSWER.slice(0, 20) } as const] };
    const claude = createBedrockModel({ ...options(emulator.url), model: CLAUDE });
    expect(EXAMPLE_ANSWER.slice(0, 20) + (await say(claude, exampleRequest(begun)))).toBe(EXAMPLE_ANSWER);
    const newer = createBedrockModel({ ...options(emulator.url), model: 'us.anthropic.claude-opus-4-7' });
    expect(await failureIn(say(newer, exampleRequest(begun)))).toMatchObject({ failure: 'bad_request' });
  });

  test('sends no temperature to a model that has its own', async () => {
    const request = exampleRequest({ temperature: 0.2, maxOutputTokens: 100 });
    await say(createBedrockModel({ ...options(emulator.url), model: CLAUDE }), request);
    expect(lastBody()['inferenceConfig']).toEqual({ maxTokens: 100, temperature: 0.2 });
    await say(createBedrockModel({ ...options(emulator.url), model: 'us.anthropic.claude-opus-4-7' }), request);
    expect(lastBody()['inferenceConfig']).toEqual({ maxTokens: 4196 });
  });

  test('names its guardrail, and marks the instructions for the cache', async () => {
    const guardrail = { id: GUARDRAIL.id, version: GUARDRAIL.version };
    const model = createBedrockModel({ ...options(emulator.url), model: CLAUDE, guardrail, promptCaching: true });
    await say(model, exampleRequest());
    expect(lastBody()).toMatchObject({
      guardrailConfig: { guardrailIdentifier: guardrail.id, guardrailVersion: guardrail.version },
      system: [{ text: expect.any(String) }, { cachePoint: { type: 'default' } }],
    });
  });

  test('counts what came from the cache as input', async () => {
    const model = createBedrockModel({ ...options(emulator.url), model: CLAUDE, promptCaching: true });
    const uncached = await collect(createBedrockModel({ ...options(emulator.url), model: CLAUDE }), exampleRequest());
    for (let call = 0; call < 2; call += 1) {
      const { ends } = await collect(model, exampleRequest());
      expect(ends[0]?.usage).toEqual(uncached.ends[0]?.usage);
    }
  });

  test('hands on the id of a refused request', async () => {
    emulator.script({ error: 'internal' });
    expect(await failing({})).toMatchObject({ status: 500, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test('is checked by one token', async () => {
    await checkBedrock(options(emulator.url), new AbortController().signal);
    expect(lastBody()['inferenceConfig']).toEqual({ maxTokens: 1 });
    expect(createBedrockModel(options(emulator.url))).toMatchObject({ id: `bedrock:${MODEL}`, account: `bedrock/us-east-1/${MODEL}` });
  });
});
