import { expect, onTestFinished, test } from 'vitest';
import type { ServeProcess } from '../../support/serve-process.ts';
import { freePort, killServe, startServe } from '../../support/serve-process.ts';
import type { Emulator } from '../../support/emulators/emulator.ts';
import { GEMINI_KEY, startGemini } from '../../support/emulators/gemini/gemini.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ChatClient } from '../../src/gateway/chat-client.ts';
import { call, index } from '../../src/gateway/rest-client.ts';

const QUESTION = 'What is a supervisor?';
const GENERATE = 'streamGenerateContent';

/** A service whose model takes every question and answers none, so that a turn runs until the process is killed. */
async function startHanging(): Promise<{ readonly model: Emulator; start(): Promise<ServeProcess> }> {
  const model = await startGemini({});
  onTestFinished(() => model.close());
  model.script({ path: GENERATE, times: 1000, hang: 'headers' });
  const dataDir = temporaryDirectory();
  const env = { BANYAN_MODELS: 'gemini:gemini-3.8-flash', GEMINI_API_KEY: GEMINI_KEY, GOOGLE_GEMINI_BASE_URL: model.url };
  return { model, start: async () => startServe(await freePort(), dataDir, env) };
}

const runsOf = ({ requests }: Emulator): number => requests.filter(({ path }) => path.includes(GENERATE)).length;

test('a turn in which the process was killed three times ends as poisoned, once, and the next one runs', { timeout: 60_000 }, async () => {
  const { model, start } = await startHanging();
  let service = await start();
  await index(service.url);
  const client = await ChatClient.open(service.url);
  client.ask('q', QUESTION);
  const session = await client.session();
  expect(await client.ofType('accepted')).toMatchObject({ id: 'q' });
  for (let runs = 1; runs <= 3; runs += 1) {
    await eventually(() => expect(runsOf(model)).toBe(runs));
    await killServe(service);
    service = await start();
  }
  const turns = async () => (await call(`${service.url}/sessions/${session}`)).body['turns'];
  await eventually(async () => expect(await turns()).toMatchObject([{ state: 'failed', error: { code: 'TURN_POISONED', retryable: false } }]));
  expect(runsOf(model)).toBe(3);
  const crashes = async () => (await call(`${service.url}/admin/crashes`)).body['crashes'];
  await eventually(async () => expect(await crashes()).toMatchObject([{ actor: { name: `session:${session}` }, reason: { code: 'TURN_POISONED' } }]));
  const again = await ChatClient.open(service.url, `?session=${session}`);
  again.ask('q', QUESTION);
  again.ask('next', 'What restarts a failed child?');
  await eventually(() => expect(runsOf(model)).toBe(4));
  expect(await turns()).toMatchObject([{ state: 'failed' }, { state: 'accepted' }]);
});
