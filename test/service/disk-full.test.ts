import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { ScriptedModel } from '../support/scripted-model.ts';
import { fillUp, makeRoom, mountSmallDisk } from '../support/small-disk.ts';
import type { TestApplication } from '../support/start-application.ts';
import { startApplication } from '../support/start-application.ts';
import { ChatClient } from '../src/gateway/chat-client.ts';
import { call, index, QUESTION } from '../src/gateway/rest-client.ts';

const DISK_MB = 8;

interface SmallService extends TestApplication {
  readonly model: ScriptedModel;
}

/** Undefined where the machine lets us mount no disk. */
async function startOnSmallDisk(): Promise<SmallService | undefined> {
  const dataDir = mountSmallDisk(DISK_MB);
  if (dataDir === undefined) return undefined;
  const model = new ScriptedModel();
  const app = await startApplication({ dataDir, models: [model] });
  await index(app.url);
  return { ...app, model };
}

describe('a disk that is full', () => {
  test('when a question comes: it is refused and was not accepted; once there is room it is taken under the same id', async (context) => {
    const service = await startOnSmallDisk();
    if (service === undefined) return context.skip('this machine does not let us mount a disk');
    const { url, dataDir, model } = service;
    const client = await ChatClient.open(url);
    fillUp(dataDir);
    client.ask('q1', `${QUESTION} ${'Please. '.repeat(2000)}`);
    expect(await client.ofType('error')).toMatchObject({ id: 'q1', error: { code: 'STORE_FULL', retryable: true } });
    const rest = await call(`${url}/query`, 'POST', { question: QUESTION });
    expect([rest.status, rest.body.error?.code]).toEqual([507, 'STORE_FULL']);
    expect(client.frames.map(({ type }) => type)).toEqual(['ready', 'error']);
    makeRoom(dataDir);
    client.ask('q1', QUESTION);
    (await model.nth(0)).say('Here it is.').finish();
    expect(await client.end('q1')).toMatchObject({ finish: 'stop', answer: 'Here it is.' });
    expect((await call(`${url}/sessions/${await client.session()}`)).body['turns']).toMatchObject([{ ask_id: 'q1', state: 'answered' }]);
  });

  test('in mid-answer: the text goes on, the end is told once as an error, and once there is room it is kept and the next question runs', async (context) => {
    const service = await startOnSmallDisk();
    if (service === undefined) return context.skip('this machine does not let us mount a disk');
    const { url, dataDir, model } = service;
    const client = await ChatClient.open(url);
    client.ask('q1', QUESTION);
    client.ask('q2', 'What does Banyan restart?');
    await client.frame(({ id }) => id === 'q2');
    const stream = (await model.nth(0)).say('one ');
    await client.ofType('answer-delta');
    fillUp(dataDir);
    stream.say('two '.repeat(3000)).finish();
    expect(await client.end('q1')).toMatchObject({ type: 'answer-error', error: { code: 'STORE_FULL', retryable: true } });
    expect(client.frames.map(({ text }) => text ?? '').join('').trimEnd()).toBe(`one ${'two '.repeat(3000)}`.trimEnd());
    makeRoom(dataDir);
    (await model.nth(1)).say('three').finish();
    expect(await client.end('q2')).toMatchObject({ finish: 'stop', answer: 'three' });
    const turns = async () => (await call(`${url}/sessions/${await client.session()}`)).body['turns'];
    const failed = { ask_id: 'q1', state: 'failed', error: { code: 'STORE_FULL' } };
    await eventually(async () => expect(await turns()).toMatchObject([failed, { ask_id: 'q2', state: 'answered' }]));
    expect(client.frames.filter(({ type }) => type.startsWith('answer-e'))).toHaveLength(2);
  });
});
