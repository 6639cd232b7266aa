import { describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { ChatClient } from '../chat-client.ts';
import { EventReader, postJson } from '../event-reader.ts';
import { RawSocket } from '../raw-socket.ts';
import { call, index, QUESTION } from '../rest-client.ts';

describe('POST /query with stream', () => {
  test('the frames of the turn come in order, each with its number, and the stream ends with the turn', async () => {
    const { url } = await startApplication();
    await index(url);
    const reader = await EventReader.open(`${url}/query`, postJson({ question: QUESTION, stream: true }));
    expect(reader.response.headers.get('content-type')).toMatch('text/event-stream');
    const events = await reader.toEnd();
    const logged = events.filter(({ id }) => id !== undefined);
    expect(logged.map(({ id }) => id)).toEqual(logged.map((_, at) => at + 1));
    expect(logged.map(({ data }) => data['seq'])).toEqual(logged.map(({ id }) => id));
    expect(new Set(logged.map(({ event }) => event))).toEqual(new Set(['accepted', 'sources', 'answer-start', 'answer-delta', 'answer-end']));
    const text = events.filter(({ event }) => event === 'answer-delta').map(({ data }) => data['text']);
    expect(text.join('')).toBe(events.at(-1)?.data['answer']);
  });

  test('the header Accept asks for the stream as well', async () => {
    const { url } = await startApplication();
    await index(url);
    const reader = await EventReader.open(`${url}/query`, postJson({ question: QUESTION }, { accept: 'text/event-stream' }));
    expect((await reader.until('answer-end')).data['finish']).toBe('stop');
  });

  test('a refusal comes with its status, before any stream', async () => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/query`, 'POST', { question: 'x', stream: true, model: 'none:such' });
    expect([status, body.error?.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('a stream of a session shows its own turn only', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const client = await ChatClient.open(url);
    client.ask('first', QUESTION);
    const first = await model.nth(0);
    const reader = await EventReader.open(`${url}/query`, postJson({ question: 'What watches children?', session: await client.session(), stream: true }));
    first.say('one').finish();
    (await model.nth(1)).say('two').finish();
    const events = await reader.toEnd();
    expect(events.at(-1)?.data['answer']).toBe('two');
    expect(new Set(events.flatMap(({ data }) => data['turn'] ?? [])).size).toBe(1);
  });

  test('a client that hangs up takes its question with it', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const reader = await EventReader.open(`${url}/query`, postJson({ question: QUESTION, stream: true }));
    const stream = await model.nth(0);
    stream.say('begun');
    await reader.until('answer-delta');
    reader.hangUp();
    await eventually(() => expect(stream.signal.aborted).toBe(true));
  });

  test('a client that hangs up leaves the question to others who listen', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const client = await ChatClient.open(url);
    const reader = await EventReader.open(`${url}/query`, postJson({ question: QUESTION, session: await client.session(), stream: true }));
    const stream = await model.nth(0);
    await reader.until('accepted');
    reader.hangUp();
    stream.say('for the others').finish();
    expect((await client.ofType('answer-end'))['finish']).toBe('stop');
  });

  test('a client that was cut off because it did not read leaves its question running, to come back for it', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model], env: { BANYAN_SOCKET_BUFFER_BYTES: '16384' } });
    await index(url);
    const slow = await RawSocket.open(url);
    slow.request('POST', '/query', { headers: ['connection: close'], body: { question: QUESTION, stream: true } });
    const stream = await model.nth(0);
    await eventually(() => expect(slow.received).toContain('event: accepted'));
    slow.socket.pause();
    // More than the system keeps for the two ends of the connection.
    for (let n = 0; n < 800; n += 1) stream.say('x'.repeat(16_000));
    await eventually(() => expect(stream.unread).toBe(0));
    slow.socket.resume();
    await slow.ended;
    expect(slow.received).not.toContain('event: answer-end');
    stream.finish();
    const session = /"session":"([^"]+)"/.exec(slow.received)?.[1];
    await eventually(async () => expect((await call(`${url}/sessions/${session}`)).body['turns']).toMatchObject([{ end: { finish: 'stop' } }]));
  });

  test('a quiet stream is kept alive by comments', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model], env: { BANYAN_SOCKET_HEARTBEAT_MS: '100' } });
    await index(url);
    const reader = await EventReader.open(`${url}/query`, postJson({ question: QUESTION, stream: true }));
    const stream = await model.nth(0);
    setTimeout(() => stream.say('late').finish(), 350);
    await reader.until('answer-end');
    expect(reader.comments).toBeGreaterThanOrEqual(3);
  });

  test('a stream goes on when the process that numbers its frames is killed', async () => {
    const model = new ScriptedModel();
    const { url, kernel } = await startApplication({ models: [model] });
    await index(url);
    const reader = await EventReader.open(`${url}/query`, postJson({ question: QUESTION, stream: true }));
    const stream = await model.nth(0);
    stream.say('before ');
    await reader.until('answer-delta');
    kernel.kill('frames');
    await kernel.whenUp('frames', 2000);
    stream.say('after').finish();
    const events = await reader.toEnd();
    expect(events.at(-1)).toMatchObject({ event: 'answer-end', data: { answer: 'before after' } });
    const ids = events.flatMap(({ id }) => id ?? []);
    expect(ids).toEqual(ids.map((_, at) => at + 1));
  });
});
