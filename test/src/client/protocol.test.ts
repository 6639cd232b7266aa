import { describe, expect, test } from 'vitest';
import { connectClient, textOf } from './connect-client.ts';
import type { AcceptedSocket } from './scripted-service.ts';
import { startScriptedService } from './scripted-service.ts';
import { accepted, delta, end, NEW, QUESTION, REST, RESUMED, startAnswering } from './scripted-turn.ts';

function placeOf({ query }: AcceptedSocket): unknown[] {
  return [query.get('session'), query.get('after')];
}

describe('a client that comes back', () => {
  test.for([1012, 1013, 1011, 1000])('after a close with %i names the session and the last number', async (code) => {
    const { service, answer, socket, events } = await startAnswering();
    socket.close(code);
    const next = await service.accept();
    expect(placeOf(next)).toEqual(['s1', '2']);
    next.send({ ...RESUMED, last_seq: 4 }, delta(4, 'two three', 3), end(5, 'one two three'));
    expect(await answer.text()).toBe('one two three');
    expect(textOf(await events)).toBe('one two three');
  });

  test('takes a replay that it has already for nothing', async () => {
    const { service, answer, socket, events } = await startAnswering();
    socket.close(1012);
    const next = await service.accept();
    next.send(RESUMED, accepted({ id: answer.id }, 1), delta(2, 'one '), delta(3, 'two'), end(4, 'one two'));
    expect(textOf(await events)).toBe('one two');
  });

  test('fetches what is missing behind a hole in the numbers', async () => {
    const { service, answer, socket } = await startAnswering();
    socket.send(delta(4, 'three'));
    const next = await service.accept();
    expect(placeOf(next)).toEqual(['s1', '2']);
    next.send(RESUMED, delta(3, 'two '), delta(4, 'three'), end(5, 'one two three'));
    expect(await answer.text()).toBe('one two three');
  });

  test.for([
    ['goes on behind it', 'one two', [], ['delta']],
    ['is behind the reader', '', [delta(101, 'one'), delta(102, ' two')], ['delta']],
    ['says something else', 'other', [], ['reset']],
  ] as const)('to a snapshot that %s repeats no text', async ([, text, deltas, types]) => {
    const { service, answer, socket, events } = await startAnswering();
    socket.close(1012);
    const next = await service.accept();
    const turn = { id: answer.id, turn: 't1', question: QUESTION, state: 'running', text, sources: [] };
    next.send({ ...NEW, last_seq: 100 }, { type: 'snapshot', turns: [turn] }, ...deltas);
    const whole = text === '' ? 'one two' : text;
    next.send(end(101 + deltas.length, whole));
    expect(textOf(await events)).toBe(whole);
    expect((await events).map(({ type }) => type)).toEqual(['accepted', 'delta', ...types, 'end']);
  });

  test('to a snapshot takes the end from it', async () => {
    const { service, answer, socket } = await startAnswering();
    socket.close(1012);
    const next = await service.accept();
    const turn = { id: answer.id, turn: 't1', question: QUESTION, state: 'answered', text: 'one two', sources: [], end: { answer: 'one two', ...REST } };
    next.send({ ...NEW, last_seq: 100 }, { type: 'snapshot', turns: [turn] });
    expect(await answer.end()).toEqual({ ...REST, answer: 'one two', turn: 't1' });
  });

  test('to a snapshot and loses it on the way asks for it again', async () => {
    const { service, answer, socket } = await startAnswering();
    socket.close(1012);
    const second = await service.accept();
    second.send({ ...NEW, last_seq: 100 });
    second.close(1012);
    const third = await service.accept();
    expect(placeOf(third)).toEqual(['s1', '999999999999999']);
    const turn = { id: answer.id, turn: 't1', question: QUESTION, state: 'answered', text: 'one two', sources: [], end: { answer: 'one two', ...REST } };
    third.send({ ...NEW, last_seq: 100 }, { type: 'snapshot', turns: [turn] });
    expect(await answer.text()).toBe('one two');
  });

  test('to a snapshot without its turn does not wait for ever', async () => {
    const { service, answer, socket } = await startAnswering();
    socket.close(1012);
    (await service.accept()).send({ ...NEW, last_seq: 100 }, { type: 'snapshot', turns: [] });
    await expect(answer.end()).rejects.toMatchObject({ code: 'UNEXPECTED' });
  });

  test('asks again, with the same id, what nobody confirmed', async () => {
    const service = await startScriptedService();
    const answer = connectClient(service.url).ask(QUESTION);
    const first = await service.accept();
    first.send(NEW);
    expect(await first.next('ask')).toMatchObject({ id: answer.id });
    first.close(1012);
    const second = await service.accept();
    expect(placeOf(second)).toEqual(['s1', '0']);
    second.send(RESUMED);
    second.send(accepted(await second.next('ask'), 1), end(2, 'one'));
    expect(await answer.text()).toBe('one');
  });

  test('to a session that went before anything was asked in it begins a new one', async () => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    const first = await service.accept();
    first.send(NEW);
    expect(await banyan.session).toBe('s1');
    first.close(1012);
    (await service.accept()).close(4404);
    const third = await service.accept();
    expect(placeOf(third)).toEqual([null, null]);
    third.send({ ...NEW, session: 's2' });
    expect(await banyan.session).toBe('s2');
  });

  test('cancels again what has not ended', async () => {
    const { service, answer, socket } = await startAnswering();
    answer.cancel();
    expect(await socket.next('cancel')).toMatchObject({ turn: 't1' });
    socket.close(1012);
    const next = await service.accept();
    next.send(RESUMED);
    expect(await next.next('cancel')).toMatchObject({ turn: 't1' });
  });
});

describe('a refusal', () => {
  test.for(['DRAINING', 'ACTOR_DOWN', 'ASK_TIMEOUT'])('with %s is asked again by itself', async (code) => {
    const service = await startScriptedService();
    const answer = connectClient(service.url).ask(QUESTION);
    const socket = await service.accept();
    socket.send(NEW);
    const { id } = await socket.next('ask');
    socket.send({ type: 'error', id, error: { code, message: 'Later.', retryable: true } });
    socket.send(accepted(await socket.next('ask'), 1), end(2, 'one'));
    expect(await answer.text()).toBe('one');
  });

  test('of the rate limit is left to the caller, with the time to wait', async () => {
    const service = await startScriptedService();
    const answer = connectClient(service.url).ask(QUESTION);
    const socket = await service.accept();
    socket.send(NEW);
    const { id } = await socket.next('ask');
    socket.send({ type: 'error', id, error: { code: 'RATE_LIMITED', message: 'Too many.', retryable: true, retry_after_ms: 250 } });
    await expect(answer.end()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 250 });
  });

  test.for([4400, 4401, 4404])('by a close with %i ends the client, with the error that came before', async (code) => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url, { session: 's1' });
    const answer = banyan.ask(QUESTION);
    const socket = await service.accept();
    socket.send({ type: 'error', error: { code: 'WHY', message: 'Because.', retryable: false } });
    socket.close(code);
    await expect(answer.end()).rejects.toMatchObject({ code: 'WHY' });
    expect(banyan.status.state).toBe('ended');
  });

  test('does not tell the key: it is in no address and no error', async () => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url, { key: 'bk_secret', session: 's1' });
    const socket = await service.accept();
    expect(socket.protocols.split(/, ?/)).toEqual(['banyan.v1', 'bearer.bk_secret']);
    expect(socket.query.toString()).not.toContain('secret');
    socket.close(4401);
    await expect(banyan.session).rejects.toSatisfy((error) => !JSON.stringify([error, String(error)]).includes('secret'));
  });
});
