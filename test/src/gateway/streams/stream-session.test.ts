import { describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { ChatClient } from '../chat-client.ts';
import { EventReader } from '../event-reader.ts';
import { RawSocket } from '../raw-socket.ts';
import { call, index, QUESTION } from '../rest-client.ts';

async function answeredSession(url: string): Promise<string> {
  await index(url);
  return String((await call(`${url}/query`, 'POST', { question: QUESTION })).body['session']);
}

describe('GET /sessions/:id/events', () => {
  test('what came after the given number is sent once, then what is new', async () => {
    const { url } = await startApplication();
    const session = await answeredSession(url);
    const reader = await EventReader.open(`${url}/sessions/${session}/events?after=1`);
    await reader.until('answer-end');
    expect(reader.events[0]).toMatchObject({ event: 'ready', data: { session, resumed: true } });
    await call(`${url}/query`, 'POST', { question: 'What does Banyan restart?', session });
    await reader.until('accepted');
    const ids = reader.events.flatMap(({ id }) => id ?? []);
    expect(ids).toEqual(ids.map((_, at) => at + 2));
  });

  test("a browser's Last-Event-ID is later than the address", async () => {
    const { url } = await startApplication();
    const session = await answeredSession(url);
    const last = (await EventReader.open(`${url}/sessions/${session}/events?after=0`).then((reader) => reader.until('answer-end'))).id ?? 0;
    const reader = await EventReader.open(`${url}/sessions/${session}/events?after=0`, { headers: { 'last-event-id': String(last - 1) } });
    await reader.until('answer-end');
    expect(reader.events.map(({ event }) => event)).toEqual(['ready', 'answer-end']);
  });

  test('a number outside the log gives one snapshot, then what follows', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const asked = call(`${url}/query`, 'POST', { question: QUESTION });
    (await model.nth(0)).say('the answer').finish();
    const session = String((await asked).body['session']);
    const next = call(`${url}/query`, 'POST', { question: 'And then?', session });
    const stream = await model.nth(1);
    stream.say('half');
    const reader = await EventReader.open(`${url}/sessions/${session}/events?after=99999`);
    const snapshot = await reader.until('snapshot');
    stream.say('whole').finish();
    await reader.until('answer-end');
    expect(reader.events[0]?.data).toMatchObject({ type: 'ready', resumed: false });
    expect(snapshot.data['turns']).toMatchObject([
      { question: QUESTION, state: 'answered', text: 'the answer', end: { finish: 'stop' } },
      { question: 'And then?', state: 'running', text: 'half' },
    ]);
    expect(reader.events.flatMap(({ event, data }) => (event === 'answer-delta' ? [data['text']] : [])).join('')).toBe('whole');
    expect((await next).status).toBe(200);
  });

  test.for(['-1', '1e3', 'x', '', '1.5'])('a number that is none is refused: after=%s', async (after) => {
    const { url } = await startApplication();
    const session = await answeredSession(url);
    const { status, body } = await call(`${url}/sessions/${session}/events?after=${after}`);
    expect([status, body.error?.code, body.error?.details?.[0]?.field]).toEqual([400, 'INVALID_REQUEST', 'after']);
  });

  test('a Last-Event-ID outside the log gives one snapshot; one that is no number counts as none', async () => {
    const { url } = await startApplication();
    const session = await answeredSession(url);
    const beyond = await EventReader.open(`${url}/sessions/${session}/events?after=1`, { headers: { 'last-event-id': '99999' } });
    expect((await beyond.until('snapshot')).data['turns']).toMatchObject([{ question: QUESTION, state: 'answered' }]);
    expect(beyond.events[0]?.data).toMatchObject({ type: 'ready', resumed: false });
    const none = await EventReader.open(`${url}/sessions/${session}/events?after=1`, { headers: { 'last-event-id': '-3' } });
    expect((await none.until('answer-end')).id).toBeGreaterThan(2);
    expect(none.events.flatMap(({ id }) => id ?? [])[0]).toBe(2);
  });

  test('a client that does not read is cut off at the bound', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model], env: { BANYAN_SOCKET_BUFFER_BYTES: '16384' } });
    await index(url);
    const client = await ChatClient.open(url);
    const session = await client.session();
    const slow = await RawSocket.open(url);
    slow.request('GET', `/sessions/${session}/events`, { headers: ['connection: close'] });
    await eventually(() => expect(slow.received).toContain('event: ready'));
    slow.socket.pause();
    client.ask('q1', QUESTION);
    const stream = await model.nth(0);
    // More than the system keeps for the two ends of the connection.
    for (let n = 0; n < 800; n += 1) stream.say('x'.repeat(16_000));
    stream.finish();
    await eventually(async () => expect((await call(`${url}/sessions/${session}`)).body['turns']).toMatchObject([{ state: 'answered' }]));
    slow.socket.resume();
    await slow.ended;
    expect(slow.received).toContain('event: answer-delta');
    expect(slow.received).not.toContain('event: answer-end');
  });

  test('a client that missed more than the bound gets to the end by coming back', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model], env: { BANYAN_SOCKET_BUFFER_BYTES: '16384' } });
    await index(url);
    const asked = call(`${url}/query`, 'POST', { question: QUESTION });
    const stream = await model.nth(0);
    for (let n = 0; n < 8; n += 1) stream.say('x'.repeat(16_000));
    stream.finish();
    const { session } = (await asked).body;
    let last = 0;
    for (let isThrough = false; !isThrough; ) {
      const reader = await EventReader.open(`${url}/sessions/${String(session)}/events?after=${last}`);
      isThrough = await reader.until('answer-end').then(() => true, () => false);
      const reached = reader.events.findLast(({ id }) => id !== undefined)?.id ?? 0;
      expect(reached).toBeGreaterThan(last);
      last = reached;
    }
  });

  test('an unknown session is refused', async () => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/sessions/none/events`);
    expect([status, body.error?.code]).toEqual([404, 'SESSION_NOT_FOUND']);
  });
});
