import { describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { ChatClient, oneTo } from '../chat-client.ts';
import { call, index, QUESTION } from '../rest-client.ts';

function statisticsOf({ frames }: ChatClient): number {
  return frames.filter(({ type }) => type === 'stats').length;
}

describe('a chat socket', () => {
  test('begins a session, and streams the frames of a turn in order, numbered from 1', async () => {
    const { url } = await startApplication();
    await index(url);
    const client = await ChatClient.open(url);
    expect(await client.ofType('ready')).toMatchObject({ last_seq: 0, resumed: false });
    client.ask('q1', QUESTION);
    const end = await client.end('q1');
    expect(end).toMatchObject({ finish: 'stop', cache_hit: false });
    const logged = client.frames.filter(({ seq }) => seq !== undefined);
    expect(client.seqs).toEqual(oneTo(logged.length));
    expect([...new Set(logged.map(({ type }) => type))]).toEqual(['accepted', 'sources', 'answer-start', 'answer-delta', 'answer-end']);
    expect(logged.map(({ text }) => text ?? '').join('')).toBe(end['answer']);
    expect(client.frames.filter(({ type }) => type === 'status').every(({ seq }) => seq === undefined)).toBe(true);
  });

  test('a frame that is sent before the session is ready is not lost', async () => {
    const { url } = await startApplication();
    await index(url);
    const client = await ChatClient.open(url, '', { first: { type: 'ask', id: 'early', question: QUESTION } });
    expect((await client.end('early'))['finish']).toBe('stop');
    expect(client.frames[0]?.type).toBe('ready');
  });

  test('a ping is answered', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    client.send({ type: 'ping' });
    expect(await client.ofType('pong')).toEqual({ type: 'pong' });
  });

  test('a cancel ends the turn, keeps what was sent, and stops the model', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const client = await ChatClient.open(url);
    client.ask('q1', QUESTION);
    const stream = await model.nth(0);
    stream.say('so far');
    const { turn } = await client.ofType('answer-delta');
    client.send({ type: 'cancel', turn });
    expect(await client.ofType('answer-end')).toMatchObject({ finish: 'cancelled', answer: 'so far' });
    expect(stream.signal.aborted).toBe(true);
    client.send({ type: 'cancel', turn });
    expect((await client.ofType('error')).error?.code).toBe('TURN_ENDED');
  });

  test('an ask repeated with its id is one turn, told again to that socket alone by the original frame', async () => {
    const { url } = await startApplication();
    await index(url);
    const client = await ChatClient.open(url);
    const other = await ChatClient.open(url, `?session=${await client.session()}`);
    await other.ofType('ready');
    client.ask('q1', QUESTION);
    await client.end('q1');
    client.ask('q1', QUESTION);
    await client.frame((frame) => frame.type === 'accepted' && frame !== client.frames.find(({ type }) => type === 'accepted'));
    const accepted = client.frames.filter(({ type }) => type === 'accepted');
    expect(accepted).toEqual([accepted[0], accepted[0]]);
    client.ask('q1', 'Another question?');
    expect(await client.ofType('error')).toMatchObject({ id: 'q1', error: { code: 'ASK_CONFLICT' } });
    expect(other.frames.filter(({ type }) => type === 'accepted')).toHaveLength(1);
  });

  test('questions of one session wait in order, and the one too many is refused', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model], env: { BANYAN_SESSION_QUEUE_LENGTH: '2' } });
    await index(url);
    const client = await ChatClient.open(url);
    for (const n of [1, 2, 3, 4]) client.ask(`q${n}`, `What does supervisor ${n} watch?`);
    expect(await client.ofType('error')).toMatchObject({ error: { code: 'OVERLOADED', retryable: true } });
    for (const n of [0, 1, 2]) (await model.nth(n)).say(`answer ${n}`).finish();
    await eventually(() => expect(client.frames.filter(({ type }) => type === 'answer-end').map((end) => end['answer'])).toEqual(['answer 0', 'answer 1', 'answer 2']));
  });

  test('statistics come at once and every second while they are wanted', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    client.send({ type: 'stats', subscribe: true });
    expect(await client.ofType('stats')).toMatchObject({ queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 });
    await client.frame(() => statisticsOf(client) >= 3);
    client.send({ type: 'stats', subscribe: false });
    client.send({ type: 'ping' });
    await client.ofType('pong');
    const before = statisticsOf(client);
    const other = await ChatClient.open(url);
    other.send({ type: 'stats', subscribe: true });
    await other.frame(() => statisticsOf(other) >= 3);
    expect(statisticsOf(client)).toBe(before);
  });

  test('an opinion is kept; one about an unknown turn is refused', async () => {
    const { url } = await startApplication();
    await index(url);
    const client = await ChatClient.open(url);
    client.ask('q1', QUESTION);
    const { turn } = await client.end('q1');
    client.send({ type: 'feedback', turn, rating: 'up' });
    client.send({ type: 'feedback', turn: 'none', rating: 'down' });
    expect(await client.ofType('error')).toMatchObject({ turn: 'none', error: { code: 'TURN_NOT_FOUND' } });
    expect(client.frames.filter(({ type }) => type === 'error')).toHaveLength(1);
  });

  test('each question counts against the limit of its client, whatever its door', async () => {
    const { url } = await startApplication({ env: { BANYAN_RATE_LIMIT: '2' } });
    await index(url);
    const client = await ChatClient.open(url);
    client.ask('q1', QUESTION);
    await client.end('q1');
    await call(`${url}/query`, 'POST', { question: QUESTION });
    client.ask('q2', QUESTION);
    expect(await client.ofType('error')).toMatchObject({ id: 'q2', error: { code: 'RATE_LIMITED' } });
    expect((await call(`${url}/query`, 'POST', { question: QUESTION })).status).toBe(429);
  });

  test('a client that answers no ping is cut off', async () => {
    const { url } = await startApplication({ env: { BANYAN_SOCKET_HEARTBEAT_MS: '100' } });
    const silent = await ChatClient.open(url);
    const alive = await ChatClient.open(url);
    silent.socket.pong = () => undefined;
    expect((await silent.closed).code).toBe(1006);
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
  });

  test('a client that does not read is closed, and gets the rest when it comes back', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model], env: { BANYAN_SOCKET_BUFFER_BYTES: '16384' } });
    await index(url);
    const slow = await ChatClient.open(url);
    const session = await slow.session();
    slow.ask('q1', QUESTION);
    const stream = await model.nth(0);
    await slow.ofType('accepted');
    slow.socket.pause();
    const piece = 'x'.repeat(16_000);
    await eventually(async () => {
      for (let n = 0; n < 50; n += 1) stream.say(piece);
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('banyan_slow_sockets_total 1\n');
    });
    stream.finish();
    slow.socket.resume();
    expect((await slow.closed).code).toBe(1013);
    const after = slow.seqs.at(-1) ?? 0;
    expect(slow.seqs).toEqual(oneTo(after));
    const back = await ChatClient.open(url, `?session=${session}&after=${after}`);
    await back.ofType('answer-end');
    expect(back.seqs[0]).toBe(after + 1);
    expect(back.seqs).toEqual(back.seqs.map((_, at) => after + 1 + at));
  });

  test('a turn that everybody left is cancelled after a while, one that somebody came back to is not', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model], env: { BANYAN_LEAVE_TIMEOUT_MS: '300' } });
    await index(url);
    const left = await ChatClient.open(url);
    const kept = await ChatClient.open(url);
    left.ask('q1', QUESTION);
    kept.ask('q1', 'What does Banyan restart?');
    const [first, second] = [await model.nth(0), await model.nth(1)];
    const session = await kept.session();
    left.socket.close();
    kept.socket.close();
    await kept.closed;
    const back = await ChatClient.open(url, `?session=${session}`);
    const aborted = (): boolean[] => [first.signal.aborted, second.signal.aborted].toSorted();
    await eventually(() => expect(aborted()).toEqual([false, true]));
    for (const stream of [first, second]) stream.say('for the one who came back').finish();
    expect((await back.ofType('answer-end'))['finish']).toBe('stop');
  });
});
