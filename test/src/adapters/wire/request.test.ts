import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { untilAborted } from '#src/adapters/wire/abort.ts';
import { messageIn, openStream, requestJson } from '#src/adapters/wire/request.ts';
import type { WireCall } from '#src/adapters/wire/request.ts';
import { eventually } from '../../../support/eventually.ts';
import { settled } from '../../../support/simulated-clock.ts';
import { failureIn } from '../failure-in.ts';

const QUOTA = { failure: 'quota', message: 'no more', retryAfterMs: 5, requestId: 'r2' } as const;

describe('a request', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
  let closed = 0;
  beforeEach(async () => {
    closed = 0;
    server = createServer(async (request, response) => {
      response.once('close', () => void (closed += response.writableFinished ? 0 : 1));
      const body = (await request.toArray()).join('');
      answer(request, response, body);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  const call = (changes: Partial<WireCall> = {}): WireCall => ({
    account: 'provider/key-1',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`,
    signal: new AbortController().signal,
    ...changes,
  });

  test('carries JSON there and back, a string as it is', async () => {
    answer = ({ method, headers }, response, body) => void response.end(JSON.stringify({ method, body, type: headers['content-type'] }));
    expect(await requestJson(call({ body: { a: 1 } }))).toMatchObject({ status: 200, body: { method: 'POST', body: '{"a":1}', type: 'application/json' } });
    expect(await requestJson(call({ body: '{"signed": 1}', method: 'PUT' }))).toMatchObject({ body: { method: 'PUT', body: '{"signed": 1}' } });
    expect(await requestJson(call())).toMatchObject({ body: { method: 'GET', body: '' } });
    answer = (_, response) => void response.writeHead(204).end();
    expect(await requestJson(call())).toMatchObject({ body: undefined, status: 204 });
  });

  test('tells a refusal by status, headers and body', async () => {
    answer = (_, response) => void response.writeHead(429, { 'retry-after': '3', 'x-request-id': 'r1' }).end('{"error":{"message":"slow down"}}');
    expect(await failureIn(requestJson(call()))).toMatchObject({
      failure: 'rate_limited', status: 429, retryAfterMs: 3000, requestId: 'r1', message: 'provider/key-1: slow down',
    });
    expect(await failureIn(openStream(call({ errorOf: () => QUOTA })))).toMatchObject({ failure: 'quota', retryAfterMs: 5, requestId: 'r2', message: 'provider/key-1: no more' });
  });

  test('takes no HTML for a message and no endless body for one', async () => {
    answer = (_, response) => void response.writeHead(502).end('<html>Bad Gateway</html>');
    expect((await failureIn(requestJson(call()))).message).toBe('provider/key-1: status 502');
    answer = (_, response) => {
      response.writeHead(500);
      const pour = (): void => void (response.destroyed || response.write('x'.repeat(16_384), () => void setImmediate(pour)));
      pour();
    };
    const { message } = await failureIn(requestJson(call()));
    expect(message.length).toBeLessThan(600);
    await eventually(() => expect(closed).toBe(1));
  });

  test('keeps the secrets of its headers out of what a server says', async () => {
    answer = ({ headers }, response) => void response.writeHead(401).end(JSON.stringify({ message: `${headers['api-key']} and ${headers.authorization}` }));
    const headers = { 'api-key': 'hidden-one', authorization: 'Bearer hidden-two' };
    expect((await failureIn(requestJson(call({ headers })))).message).toBe('provider/key-1: [secret] and Bearer [secret]');
  });

  test('takes no success that is no JSON, and follows no redirect', async () => {
    answer = (_, response) => void response.end('<html>');
    expect(await failureIn(requestJson(call()))).toMatchObject({ failure: 'bad_response', status: 200 });
    answer = (_, response) => void response.writeHead(307, { location: 'http://127.0.0.1:9' }).end();
    expect(await failureIn(requestJson(call()))).toMatchObject({ failure: 'bad_response', status: 307 });
  });

  test('is aborted before the headers and in the body, and closes its socket', async () => {
    for (const begin of [() => {}, (response: ServerResponse) => void response.write('{"a":'), (response: ServerResponse) => void response.writeHead(500).write('x')]) {
      closed = 0;
      const controller = new AbortController();
      answer = (_, response) => {
        begin(response);
        setImmediate(() => controller.abort());
      };
      expect(await failureIn(requestJson(call({ signal: controller.signal })))).toMatchObject({ failure: 'aborted' });
      await eventually(() => expect(closed).toBe(1));
    }
    expect(await failureIn(requestJson(call({ signal: AbortSignal.timeout(20) })))).toMatchObject({ failure: 'timeout' });
  });

  test('says unavailable when the connection breaks in the body', async () => {
    answer = (_, response) => void response.write('{"a":', () => void response.socket?.destroy());
    expect(await failureIn(requestJson(call()))).toMatchObject({ failure: 'unavailable' });
  });

  test('gives out a stream, and closes its socket when the reader leaves', async () => {
    answer = (_, response) => void response.write('data: one\n\n');
    const { body } = await openStream(call());
    for await (const bytes of body) {
      expect(Buffer.from(bytes).toString()).toBe('data: one\n\n');
      break;
    }
    await eventually(() => expect(closed).toBe(1));
  });
});

test('a message is found in each form of an error body', () => {
  for (const body of [{ error: { message: 'm' } }, { error: 'm' }, { message: 'm' }, { detail: 'm' }, 'm', { status: { error: 'm' }, error: 'm' }]) {
    expect(messageIn(body)).toBe('m');
  }
  for (const body of ['', '<html>', null, 5, {}, { error: {} }]) expect(messageIn(body)).toBeUndefined();
});

test('work that takes no signal is left when ours is aborted', async () => {
  const controller = new AbortController();
  const left = untilAborted(new Promise(() => {}), controller.signal);
  controller.abort(new Error('no more'));
  await expect(left).rejects.toThrow('no more');
  await expect(untilAborted(Promise.resolve(1), controller.signal)).rejects.toThrow('no more');
  await expect(untilAborted(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
});

test('work that begins under a signal that is aborted already may fail later: nobody is left to hear of it', async () => {
  const stray: unknown[] = [];
  const note = (error: unknown): void => void stray.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  await expect(untilAborted(Promise.reject(new Error('late')), AbortSignal.abort(new Error('no more')))).rejects.toThrow('no more');
  await settled();
  expect(stray).toEqual([]);
});
