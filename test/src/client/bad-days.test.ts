import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { connectClient, eventsOf, textOf } from './connect-client.ts';
import { startScriptedService } from './scripted-service.ts';
import { accepted, delta, end, NEW, QUESTION, REST, RESUMED, startAnswering } from './scripted-turn.ts';

describe('what no service says', () => {
  test.for([
    ['no JSON', '<html>'],
    ['no frame', '[1]'],
    ['nothing', 'null'],
    ['bytes', Buffer.from([0xff, 0x00])],
    ['a snapshot without turns', '{"type":"snapshot"}'],
    ['a snapshot of something else', '{"type":"snapshot","turns":[null]}'],
    ['an end without an answer', '{"type":"answer-end","turn":"t1","seq":3}'],
    ['a delta without text', '{"type":"answer-delta","turn":"t1","seq":3}'],
    ['a number that is none', '{"type":"answer-delta","turn":"t1","text":"two","seq":"3"}'],
    ['an error without a reason', '{"type":"error","turn":"t1"}'],
    ['a session without a name', '{"type":"ready","last_seq":0,"resumed":false}'],
    ['a second beginning', '{"type":"ready","session":"s1","last_seq":100,"resumed":false}'],
    ['a time to wait that is none', '{"type":"error","error":{"code":"WHY","message":"Because.","retryable":true,"retry_after_ms":"soon"}}'],
  ] as const)('as %s costs the connection and not the answer', async ([, garbage]) => {
    const { service, answer, socket, events } = await startAnswering();
    socket.sendRaw(garbage);
    const next = await service.accept();
    expect(next.query.get('after')).toBe('2');
    next.send(RESUMED, delta(3, 'two'), end(4, 'one two'));
    expect(await answer.text()).toBe('one two');
    expect(textOf(await events)).toBe('one two');
  });

  test.for(['weather', 'constructor', '__proto__'])('in a frame of the type %s is passed over', async (type) => {
    const { answer, socket } = await startAnswering();
    socket.sendRaw(`{"type":"${type}"}`);
    socket.sendRaw(`{"type":"${type}","turn":"t1","seq":3}`);
    socket.send(end(4, 'one '));
    expect(await answer.text()).toBe('one ');
  });

  test('again and again is asked for more and more rarely', async () => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    const attempts: number[] = [];
    banyan.onStatus((status) => status.state === 'waiting' && attempts.push(status.attempt));
    for (let times = 0; times < 3; times += 1) (await service.accept()).sendRaw('{"type":"ready"}');
    await service.accept();
    expect(attempts).toEqual([1, 2, 3]);
  });

  test('as a time to wait is not waited for', async () => {
    const service = await startScriptedService();
    const answer = connectClient(service.url).ask(QUESTION);
    const socket = await service.accept();
    socket.send(NEW);
    const { id } = await socket.next('ask');
    socket.send({ type: 'error', id, error: { code: 'DRAINING', message: 'Later.', retryable: true, retry_after_ms: 1e12 } });
    const askedAgain = await Promise.race([socket.next('ask').then(() => true), new Promise((resolve) => setTimeout(resolve, 50, false))]);
    expect(askedAgain).toBe(false);
    expect(answer.turn).toBeUndefined();
  });
});

describe('a rating that something else than the service answers', () => {
  test.for(['{"error":"Bad Gateway"}', '{"error":{"code":1}}', 'null', '[]', '<html>'])('by %s fails with a code of the client', async (body) => {
    const server = createServer((_request, response) => response.writeHead(502).end(body)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const banyan = connectClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(banyan.feedback('t1', 'up')).rejects.toMatchObject({ name: 'BanyanError', code: 'UNEXPECTED' });
  });
});

describe('a log with a hole in it', () => {
  test('is not asked for again and again: a snapshot tells where the turn is', async () => {
    const { service, answer, socket, events } = await startAnswering();
    socket.close(1012);
    const second = await service.accept();
    second.send({ ...RESUMED, last_seq: 9 }, delta(9, 'four'));
    const third = await service.accept();
    expect(third.query.get('after')).toBe('999999999999999');
    const turn = { id: answer.id, turn: 't1', question: QUESTION, state: 'running', text: 'one two three four', sources: [] };
    third.send({ ...NEW, last_seq: 9 }, { type: 'snapshot', turns: [turn] }, end(10, 'one two three four'));
    expect(textOf(await events)).toBe('one two three four');
  });

  test('that begins anew while the client catches up is followed from its new beginning', async () => {
    const { service, answer, socket } = await startAnswering();
    socket.close(1012);
    const next = await service.accept();
    const turn = { id: answer.id, turn: 't1', question: QUESTION, state: 'running', text: '', sources: [] };
    next.send({ ...RESUMED, last_seq: 50 }, { type: 'snapshot', turns: [turn] });
    await next.next('ping');
    await eventually(() => expect(service.pongs).toBe(1));
    next.send(delta(1, 'one '), delta(2, 'two'), end(3, 'one two'));
    expect(await answer.text()).toBe('one two');
  });
});

describe('a question that is too large', () => {
  test('fails alone: the others are asked again', async () => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    const large = banyan.ask(QUESTION.repeat(100));
    const small = banyan.ask(QUESTION);
    const first = await service.accept();
    first.send(NEW);
    await first.next('ask');
    await first.next('ask');
    first.send({ type: 'error', error: { code: 'INVALID_FRAME', message: 'Too large.', retryable: false } });
    first.close(1009);
    await expect(large.end()).rejects.toMatchObject({ code: 'INVALID_FRAME' });
    const second = await service.accept();
    second.send(RESUMED);
    second.send(accepted(await second.next('ask'), 1), end(2, 'one'));
    expect(await small.text()).toBe('one');
  });
});

describe('what the caller does wrong', () => {
  test('in one listener reaches neither the others nor the answer', async () => {
    const errors: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => errors.push(error));
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    });
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    let hasBegun = false;
    banyan.onStatus(() => {
      if (hasBegun) throw new Error('a listener of the status');
      hasBegun = true;
    });
    banyan.onFrame(() => {
      throw new Error('a listener of frames');
    });
    const types: string[] = [];
    banyan.onFrame(({ type }) => types.push(type));
    const answer = banyan.ask(QUESTION);
    (await service.accept()).close(1012);
    const socket = await service.accept();
    socket.send(NEW);
    socket.send(accepted(await socket.next('ask'), 1), end(2, 'one'));
    expect(await answer.text()).toBe('one');
    expect(types).toEqual(['ready', 'accepted', 'answer-end']);
    await eventually(() => expect(new Set(errors.map(String))).toEqual(new Set(['Error: a listener of the status', 'Error: a listener of frames'])));
  });

  test('with options that JSON cannot hold fails that call only', async () => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    expect(() => banyan.ask(QUESTION, { id: 'mine', filter: { year: 1n } as never })).toThrow(TypeError);
    const answer = banyan.ask(QUESTION, { id: 'mine' });
    const socket = await service.accept();
    socket.send(NEW);
    socket.send(accepted(await socket.next('ask'), 1), end(2, 'one'));
    expect(await answer.text()).toBe('one');
  });

  test('by changing its options later changes nothing that was asked', async () => {
    const service = await startScriptedService();
    const filter: Record<string, string> = { source: 'docs' };
    connectClient(service.url).ask(QUESTION, { filter });
    filter['source'] = 'other';
    const socket = await service.accept();
    socket.send(NEW);
    expect(await socket.next('ask')).toMatchObject({ options: { filter: { source: 'docs' } } });
  });

  test('by keeping one signal for many questions piles nothing up on it', async () => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    const socket = await service.accept();
    socket.send(NEW);
    const { signal } = new AbortController();
    let listening = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...args: Parameters<typeof add>) => void (listening += 1, add.apply(signal, args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => void (listening -= 1, remove.apply(signal, args));
    const answer = banyan.ask(QUESTION, { signal });
    expect(listening).toBe(1);
    socket.send(accepted(await socket.next('ask'), 1), end(2, 'one'));
    await eventsOf(answer);
    await eventually(() => expect(listening).toBe(0));
  });
});

describe('a service that was never there', () => {
  test('is noticed when it takes the connection and says nothing', async () => {
    const service = await startScriptedService();
    const answer = connectClient(service.url, { heartbeatMs: 30 }).ask(QUESTION);
    await service.accept();
    const next = await service.accept();
    next.send(NEW);
    next.send(accepted(await next.next('ask'), 1), { type: 'answer-end', turn: 't1', answer: 'one', ...REST, seq: 2 });
    expect(await answer.text()).toBe('one');
  });
});
