import { describe, expect, test } from 'vitest';
import { call } from '../src/gateway/rest-client.ts';
import type { Emulators } from '../support/emulators/start-emulators.ts';
import { ANSWER, ask, GEMINI, NOVA, PATHS, QUESTION, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

const GPT = 'openai:gpt-4o-mini';
const PREFILLED_CLAUDE = 'bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0';
const NEWER_CLAUDE = 'bedrock:us.anthropic.claude-opus-4-7';

const STREAMS = {
  gemini: ['gemini', PATHS.generate],
  bedrock: ['bedrock', PATHS.converse],
  openai: ['openAi', '/chat/completions'],
} as const satisfies Record<string, readonly [emulator: keyof Emulators, path: string]>;

function streamOf(id: string): (typeof STREAMS)[keyof typeof STREAMS] {
  return STREAMS[id.slice(0, id.indexOf(':')) as keyof typeof STREAMS];
}

const PAIRS = [
  [GEMINI, NOVA],
  [GEMINI, PREFILLED_CLAUDE],
  [GEMINI, NEWER_CLAUDE],
  [GEMINI, GPT],
  [NOVA, GEMINI],
  [NEWER_CLAUDE, GPT],
  [GPT, GEMINI],
  [GPT, PREFILLED_CLAUDE],
] as const;

describe('an answer that breaks off goes on as if one model had said it', () => {
  test('from every kind of model to every other, wherever the first one is cut', async () => {
    const { url, emulators } = await startCloudService({ env: { BANYAN_FUSE_MELTS: '1000', BANYAN_PROVIDER_ATTEMPTS: '1' } });
    for (const [at, [first, second]] of PAIRS.entries()) {
      expect((await call(`${url}/admin/models`, 'PUT', { models: [first, second] })).status).toBe(200);
      const [emulator, path] = streamOf(first);
      let recoveries = 0;
      for (const [cut, byte] of [200, 900, 1700, 2500, 3300].entries()) {
        emulators[emulator].script({ path, cutAtByte: byte });
        const { end, text, stages } = await ask(url, QUESTION, { temperature: (at * 10 + cut) / 100 });
        recoveries += stages.filter((stage) => stage === 'recovering').length;
        expect([first, second, byte, end['answer'], text]).toEqual([first, second, byte, ANSWER, ANSWER]);
        expect([first, second, byte, end]).toMatchObject([first, second, byte, { finish: 'stop', model: second, degraded: [] }]);
      }
      expect([first, second, recoveries > 0]).toEqual([first, second, true]);
    }
  });

  test('over three models, each of which breaks off', async () => {
    const { url, emulators } = await startCloudService({ env: { BANYAN_MODELS: `${GEMINI},${NOVA},${GPT}` } });
    emulators.gemini.script({ path: PATHS.generate, cutAtByte: 2000 });
    emulators.bedrock.script({ path: PATHS.converse, cutAtByte: 1500 });
    const { end, text, stages } = await ask(url);
    expect([end['answer'], text]).toEqual([ANSWER, ANSWER]);
    expect(end).toMatchObject({ model: GPT, finish: 'stop', degraded: [] });
    expect(stages.filter((stage) => stage === 'recovering').length).toBeGreaterThanOrEqual(1);
  });
});
