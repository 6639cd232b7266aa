import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import type { TestApplication } from '../../../support/start-application.ts';
import { startApplication } from '../../../support/start-application.ts';
import type { ReceivedFrame } from '../chat-client.ts';
import { ChatClient, oneTo } from '../chat-client.ts';
import { index, QUESTION } from '../rest-client.ts';

describe('coming back', () => {
  test('with the last number, to every later frame once', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const first = await ChatClient.open(url);
    first.ask('q1', QUESTION);
    const stream = await model.nth(0);
    stream.say('one ');
    await first.ofType('answer-delta');
    first.socket.terminate();
    stream.say('two');
    const after = first.seqs.at(-1) ?? 0;
    const second = await ChatClient.open(url, `?session=${await first.session()}&after=${after}`);
    expect(await second.ofType('ready')).toMatchObject({ session: await first.session(), resumed: true });
    stream.say('three').finish();
    const end = await second.ofType('answer-end');
    expect([...first.seqs, ...second.seqs]).toEqual(oneTo(end.seq ?? 0));
    expect([...first.frames, ...second.frames].map(({ text }) => text ?? '').join('')).toBe(end['answer']);
  });

  test('without a number, to the running turn from its beginning, else to what is new', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const first = await ChatClient.open(url);
    first.ask('q1', QUESTION);
    (await model.nth(0)).say('one').finish();
    await first.end('q1');
    const idle = await ChatClient.open(url, `?session=${await first.session()}`);
    await idle.ofType('ready');
    first.ask('q2', 'What does Banyan restart?');
    (await model.nth(1)).say('two');
    await first.frame(({ text }) => text === 'two');
    const joined = await ChatClient.open(url, `?session=${await first.session()}`);
    await joined.frame(({ text }) => text === 'two');
    expect(joined.frames.filter(({ type }) => type === 'accepted')).toMatchObject([{ id: 'q2' }]);
    expect(idle.frames.filter(({ type }) => type === 'accepted')).toMatchObject([{ id: 'q2' }]);
  });

  test('with a number outside the log, to one snapshot and what follows it', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const first = await ChatClient.open(url);
    first.ask('q1', QUESTION);
    (await model.nth(0)).say('one').finish();
    await first.end('q1');
    first.ask('q2', 'What does Banyan restart?');
    const stream = await model.nth(1);
    stream.say('two');
    await first.frame(({ text }) => text === 'two');
    const back = await ChatClient.open(url, `?session=${await first.session()}&after=123456`);
    const snapshot = await back.ofType('snapshot');
    stream.say('three').finish();
    await back.ofType('answer-end');
    expect(await back.ofType('ready')).toMatchObject({ resumed: false });
    expect(snapshot['turns']).toMatchObject([
      { id: 'q1', state: 'answered', text: 'one', end: { finish: 'stop' } },
      { id: 'q2', state: 'running', text: 'two' },
    ]);
    expect(back.frames.map(({ text }) => text ?? '').join('')).toBe('three');
    expect(back.frames.filter(({ type }) => type === 'snapshot')).toHaveLength(1);
  });

  test('to a session of an earlier process goes on behind the number that the client has', async () => {
    const { before, session, end } = await answered();
    const { url } = await startApplication({ dataDir: before.dataDir });
    const back = await ChatClient.open(url, `?session=${session}&after=2`);
    const again = await back.ofType('answer-end');
    expect(await back.ofType('ready')).toMatchObject({ resumed: true, last_seq: end.seq });
    expect([again['answer'], back.seqs[0], back.seqs.at(-1)]).toEqual([end['answer'], 3, end.seq]);
    back.ask('q2', QUESTION);
    expect((await back.frame((frame) => frame['id'] === 'q2')).seq).toBe((end.seq ?? 0) + 1);
  });

  test('to a session whose frames were lost gives its turns as a snapshot, and its numbers are given to nothing else', async () => {
    const { before, session, end } = await answered();
    rmSync(join(before.dataDir, 'frames'), { recursive: true });
    const { url } = await startApplication({ dataDir: before.dataDir });
    const back = await ChatClient.open(url, `?session=${session}&after=${end.seq}`);
    expect((await back.ofType('snapshot'))['turns']).toMatchObject([{ id: 'q1', state: 'answered', text: end['answer'] }]);
    expect((await back.ofType('ready'))['last_seq']).toBeGreaterThan(end.seq ?? 0);
  });

  test('to a session that nobody knows is told, then closed with 4404', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url, '?session=nobody');
    expect(await client.closed).toEqual({ code: 4404, reason: 'SESSION_NOT_FOUND' });
    expect(client.frames).toMatchObject([{ type: 'error', error: { code: 'SESSION_NOT_FOUND' } }]);
  });

  test.for(['?after=-1', '?after=1e3', '?session=a%20b', '?token=secret', '?after=1&after=2'])('with the wrong query %s is told, then closed with 4400', async (query) => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url, query);
    expect((await client.closed).code).toBe(4400);
    expect(client.frames).toMatchObject([{ type: 'error', error: { code: 'INVALID_REQUEST' } }]);
  });

  test('to a session that was opened and never asked works', async () => {
    const { url } = await startApplication();
    const first = await ChatClient.open(url);
    const session = await first.session();
    first.socket.close();
    const back = await ChatClient.open(url, `?session=${session}&after=0`);
    expect(await back.ofType('ready')).toMatchObject({ session });
  });
});

describe('when the process that numbers the frames dies', () => {
  test('a socket gets every frame once, and its stream goes on', async () => {
    const model = new ScriptedModel();
    const { url, kernel } = await startApplication({ models: [model] });
    await index(url);
    const clients = await Promise.all([1, 2, 3].map(() => ChatClient.open(url)));
    for (const [n, client] of clients.entries()) client.ask('q1', `What does supervisor ${n} watch?`);
    const streams = await Promise.all([0, 1, 2].map((n) => model.nth(n)));
    for (const stream of streams) stream.say('before ');
    await Promise.all(clients.map((client) => client.ofType('answer-delta')));
    for (const stream of streams) stream.say('between ');
    kernel.kill('frames');
    for (const stream of streams) stream.say('after');
    for (const stream of streams) stream.finish();
    for (const client of clients) {
      const end = await client.end('q1');
      expect(end['answer']).toBe('before between after');
      expect(client.seqs).toEqual(oneTo(end.seq ?? 0));
      expect(client.frames.map(({ text }) => text ?? '').join('')).toBe('before between after');
    }
  });
});

/** A session with one answer, whose process has ended. */
async function answered(): Promise<{ before: TestApplication; session: string; end: ReceivedFrame }> {
  const before = await startApplication();
  await index(before.url);
  const first = await ChatClient.open(before.url);
  first.ask('q1', QUESTION);
  const end = await first.end('q1');
  const session = await first.session();
  await before.stop();
  return { before, session, end };
}
