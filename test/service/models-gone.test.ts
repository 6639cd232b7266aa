import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmulators } from '../support/emulators/start-emulators.ts';
import { ask, GEMINI, PATHS, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

/** Each model is tried once. */
const IMPATIENT = { BANYAN_PROVIDER_ATTEMPTS: '1' };

describe('when all models are gone', () => {
  test('because none answers, the documents are quoted before the turn is over', async () => {
    const { url, emulators } = await startCloudService({ env: { BANYAN_TURN_TIMEOUT_MS: '2500' } });
    emulators.gemini.script({ path: PATHS.generate, hang: 'connect', times: 9 });
    emulators.bedrock.script({ path: PATHS.converse, hang: 'headers', times: 9 });
    const startedAt = performance.now();
    const { end } = await ask(url);
    expect(end).toMatchObject({ type: 'answer-end', finish: 'stop', degraded: ['model'], model: 'extractive:quotes' });
    expect(performance.now() - startedAt).toBeLessThan(4000);
  });

  test('the documents are quoted, which is told and not kept', async () => {
    const { url, emulators } = await startCloudService({ env: IMPATIENT });
    emulators.gemini.script({ path: PATHS.generate, error: 'unavailable' });
    emulators.bedrock.script({ path: PATHS.converse, error: 'unavailable' });
    const { end, text } = await ask(url);
    expect(end).toMatchObject({ finish: 'stop', degraded: ['model'], model: 'extractive:quotes', answer: text });
    expect(text).toContain('The BEAM is the virtual machine');
    expect((await ask(url)).end).toMatchObject({ cache_hit: false, degraded: [], model: GEMINI });
  });

  test('in mid-answer, what was said stands and quotes follow', async () => {
    const { url, emulators } = await startCloudService({ env: IMPATIENT });
    emulators.gemini.script({ path: PATHS.generate, cutAtByte: 3000 });
    emulators.bedrock.script({ path: PATHS.converse, error: 'unavailable' });
    const { end, stages, text } = await ask(url);
    expect(end).toMatchObject({ degraded: ['model'], model: 'extractive:quotes', answer: text });
    expect(stages.filter((stage) => stage === 'recovering')).toEqual(['recovering']);
    expect(text.startsWith('The BEAM')).toBe(true);
  });

  test.for([
    ['has no address', 'http://banyan-has-no-such-host.invalid/v1'],
    ['refuses connections', 'http://127.0.0.1:9/v1'],
    ['is reached with TLS and does not speak it', 'https'],
  ] as const)('because their host %s, the documents are quoted at once and the log names the account', async ([, address]) => {
    const emulators = await startEmulators();
    onTestFinished(() => emulators.close());
    const baseUrl = address === 'https' ? emulators.openAi.url.replace('http', 'https') : address;
    const { url, log } = await startCloudService({ on: emulators, env: { BANYAN_MODELS: 'openai:gpt-4o-mini', OPENAI_BASE_URL: baseUrl, ...IMPATIENT } });
    const { end } = await ask(url);
    expect(end).toMatchObject({ type: 'answer-end', finish: 'stop', degraded: ['model'], model: 'extractive:quotes' });
    expect(log).toContainEqual(expect.objectContaining({ target: 'providers', outcome: 'unavailable', account: `openai/${new URL(baseUrl).host}/gpt-4o-mini` }));
  });
});
