import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket as WsWebSocket } from 'ws';
import type { AnswerEvent } from '#src/client/api.ts';
import { BanyanError, connect } from '#src/client/client.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { startApplication } from '../../support/start-application.ts';
import { index, QUESTION } from '../gateway/rest-client.ts';
import { connectClient, eventsOf, textOf } from './connect-client.ts';
import { startRelay } from './relay.ts';
import { startScriptedService } from './scripted-service.ts';
import { NEW } from './scripted-turn.ts';

async function startScripted(env = {}): Promise<{ url: string; model: ScriptedModel }> {
  const model = new ScriptedModel();
  const { url } = await startApplication({ models: [model], env });
  await index(url);
  return { url, model };
}

describe('an answer', () => {
  test('comes as typed events in order, as a text and as an end', async () => {
    const { url, model } = await startScripted();
    const banyan = connectClient(url);
    const answer = banyan.ask(QUESTION);
    const events = eventsOf(answer);
    (await model.nth(0)).say('one ').say('two').finish();
    const types = (await events).map(({ type }) => type).filter((type) => type !== 'status');
    expect(types[0]).toBe('accepted');
    expect(types.at(-1)).toBe('end');
    expect(types).toContain('sources');
    expect(textOf(await events)).toBe('one two');
    expect(await answer.text()).toBe('one two');
    const end = await answer.end();
    expect(end).toMatchObject({ answer: 'one two', finish: 'stop', turn: answer.turn });
    expect(Object.keys(end)).not.toContain('seq');
    expect((await events).filter(({ type }) => type === 'status')).toContainEqual({ type: 'status', stage: 'generating' });
  });

  test('of two questions at once has only what is its own', async () => {
    const { url, model } = await startScripted();
    const banyan = connectClient(url);
    const [first, second] = [banyan.ask(QUESTION), banyan.ask('What does Banyan restart?')];
    const both = Promise.all([eventsOf(first), eventsOf(second)]);
    (await model.nth(0)).say('first').finish();
    (await model.nth(1)).say('second').finish();
    expect((await both).map(textOf)).toEqual(['first', 'second']);
    expect((await both).map((events) => events.filter(({ type }) => type === 'accepted').length)).toEqual([1, 1]);
  });

  test('waits whole for a slow reader, its text joined', async () => {
    const { url, model } = await startScripted();
    const answer = connectClient(url).ask(QUESTION);
    const stream = await model.nth(0);
    for (let word = 0; word < 2000; word += 1) stream.say(`word${word} `);
    stream.finish();
    const text = await answer.text();
    const events = await eventsOf(answer);
    expect(textOf(events)).toBe(text);
    expect(events.filter(({ type }) => type === 'delta')).toHaveLength(1);
  });

  test('is cancelled, and ends as far as it came', async () => {
    const { url, model } = await startScripted();
    const answer = connectClient(url).ask(QUESTION);
    const events: AnswerEvent[] = [];
    const stream = await model.nth(0);
    stream.say('one');
    for await (const event of answer) {
      events.push(event);
      if (event.type === 'delta') answer.cancel();
    }
    expect(events.at(-1)).toMatchObject({ type: 'end', finish: 'cancelled', answer: 'one' });
    await eventually(() => expect(stream.signal.aborted).toBe(true));
  });

  test('is cancelled by its signal', async () => {
    const { url, model } = await startScripted();
    const stopped = new AbortController();
    const answer = connectClient(url).ask(QUESTION, { signal: stopped.signal });
    await model.nth(0);
    stopped.abort();
    expect(await answer.end()).toMatchObject({ finish: 'cancelled', answer: '' });
  });

  test('whose loop is left early is cancelled', async () => {
    const { url, model } = await startScripted();
    const answer = connectClient(url).ask(QUESTION);
    (await model.nth(0)).say('one');
    for await (const event of answer) if (event.type === 'delta') break;
    expect(await answer.end()).toMatchObject({ finish: 'cancelled' });
  });

  test('can be iterated once', async () => {
    const { url, model } = await startScripted();
    const answer = connectClient(url).ask(QUESTION);
    (await model.nth(0)).say('one').finish();
    await eventsOf(answer);
    await expect(eventsOf(answer)).rejects.toThrow('only once');
  });

  test('that the service refuses is a typed error, in the loop and at the end', async () => {
    const { url } = await startScripted();
    const banyan = connectClient(url);
    const empty = banyan.ask('  ');
    await expect(eventsOf(empty)).rejects.toMatchObject({ name: 'BanyanError', code: 'QUESTION_EMPTY', retryable: false });
    await expect(empty.text()).rejects.toBeInstanceOf(BanyanError);
    const wrong = banyan.ask(QUESTION, { top_k: 0 });
    await expect(wrong.end()).rejects.toMatchObject({ code: 'INVALID_FRAME', details: [{ field: 'options.top_k', got: '0' }] });
  });

  test('to a question that is too large fails, and the client comes back for the next', async () => {
    const { url, model } = await startScripted();
    const banyan = connectClient(url);
    await expect(banyan.ask('x'.repeat(300_000)).end()).rejects.toMatchObject({ code: 'INVALID_FRAME' });
    const next = banyan.ask(QUESTION);
    (await model.nth(0)).say('one').finish();
    expect(await next.text()).toBe('one');
  });

  test('under an id that was asked before is that turn, whoever asked it', async () => {
    const { url, model } = await startScripted();
    const first = connectClient(url);
    const asked = first.ask(QUESTION, { id: 'mine' });
    (await model.nth(0)).say('one').finish();
    const { turn } = await asked.end();
    const second = connectClient(url, { session: await first.session });
    const again = second.ask(QUESTION, { id: 'mine' });
    expect(await again.end()).toMatchObject({ turn, answer: 'one' });
    expect(textOf(await eventsOf(again))).toBe('one');
    await expect(second.ask('Another question?', { id: 'mine' }).end()).rejects.toMatchObject({ code: 'ASK_CONFLICT' });
    expect(model.streams).toHaveLength(1);
  });
});

describe('a client', () => {
  test('can stop a turn that another one asked, and follow its frames', async () => {
    const { url, model } = await startScripted();
    const asker = connectClient(url);
    const answer = asker.ask(QUESTION);
    (await model.nth(0)).say('one');
    const watcher = connectClient(url, { session: await asker.session });
    const types: string[] = [];
    watcher.onFrame(({ type }) => types.push(type));
    await eventually(() => expect(types).toContain('answer-delta'));
    watcher.cancel(answer.turn ?? '');
    expect(await answer.end()).toMatchObject({ finish: 'cancelled' });
    await eventually(() => expect(types.at(-1)).toBe('answer-end'));
    expect(types.filter((type) => type !== 'status' && type !== 'pong')).toEqual(['ready', 'accepted', 'sources', 'answer-start', 'answer-delta', 'answer-end']);
  });

  test('rates an answer, and is told what the service refuses', async () => {
    const { url, model } = await startScripted();
    const banyan = connectClient(url);
    const answer = banyan.ask(QUESTION);
    (await model.nth(0)).say('one').finish();
    const { turn } = await answer.end();
    await expect(banyan.feedback(turn, 'up', 'Thank you.')).resolves.toBeUndefined();
    await expect(banyan.feedback('nothing', 'down')).rejects.toMatchObject({ code: 'TURN_NOT_FOUND' });
  });

  test('of a session that nobody knows ends, with all that was asked', async () => {
    const { url } = await startApplication();
    const banyan = connectClient(url, { session: 'nobody' });
    await expect(banyan.ask(QUESTION).end()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await expect(banyan.session).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    expect(banyan.status).toMatchObject({ state: 'ended', error: { code: 'SESSION_NOT_FOUND' } });
    await expect(banyan.ask(QUESTION).text()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('with a session id that cannot be one ends', async () => {
    const { url } = await startApplication();
    await expect(connectClient(url, { session: 'a b' }).session).rejects.toMatchObject({ code: 'INVALID_REQUEST', details: [{ field: 'session' }] });
  });

  test('that is closed fails what has not ended, and the turn goes on', async () => {
    const { url, model } = await startScripted();
    const banyan = connectClient(url);
    const answer = banyan.ask(QUESTION, { id: 'mine' });
    const stream = await model.nth(0);
    stream.say('one');
    const session = await banyan.session;
    banyan.close();
    await expect(eventsOf(answer)).rejects.toMatchObject({ code: 'CLOSED' });
    stream.say(' two').finish();
    expect(await connectClient(url, { session }).ask(QUESTION, { id: 'mine' }).text()).toBe('one two');
  });

  test('that reaches nobody gives up when it is told to', async () => {
    const relay = await startRelay('http://127.0.0.1:1');
    const states: string[] = [];
    const banyan = connectClient(relay.url, { giveUpMs: 300 });
    banyan.onStatus(({ state }) => states.push(state));
    await expect(banyan.ask(QUESTION).text()).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
    expect([states[0], states[1], states.at(-1)]).toEqual(['connecting', 'waiting', 'ended']);
    expect(relay.count).toBeGreaterThan(1);
  });

  test('shows the figures of the service, also behind a lost connection, as long as somebody wants them', async () => {
    const { url, model } = await startScripted();
    const relay = await startRelay(url);
    const banyan = connectClient(relay.url);
    const seen: number[] = [];
    const stop = banyan.onStatistics(({ queries }) => seen.push(queries));
    await eventually(() => expect(seen.at(-1)).toBe(0));
    const answer = banyan.ask(QUESTION);
    (await model.nth(0)).say('one').finish();
    await answer.end();
    const before = seen.length;
    relay.cutAll();
    await eventually(() => expect(seen.slice(before)).toContain(1));
    stop();
  });

  test('comes back at once when it is told to', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    onTestFinished(() => void vi.restoreAllMocks());
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    for (let attempts = 0; attempts < 8; attempts += 1) {
      (await service.accept()).close(1013);
      await eventually(() => expect(banyan.status.state).toBe('waiting'));
      banyan.reconnect();
    }
    const socket = await service.accept();
    socket.send(NEW);
    expect(await banyan.session).toBe('s1');
    banyan.reconnect();
    expect(banyan.status.state).toBe('online');
  });

  test('works over another WebSocket', async () => {
    const { url, model } = await startScripted();
    const answer = connectClient(url.replace('http', 'ws'), { WebSocket: WsWebSocket }).ask(QUESTION);
    (await model.nth(0)).say('one').finish();
    expect(await answer.text()).toBe('one');
  });

  test.for([
    ['an address that is none', { url: 'nowhere' }],
    ['an address of another kind', { url: 'ftp://127.0.0.1' }],
    ['a key that no header can hold', { url: 'http://127.0.0.1', key: 'a b' }],
  ] as const)('is not made from %s', ([, options]) => {
    expect(() => connect(options)).toThrow(TypeError);
  });
});
