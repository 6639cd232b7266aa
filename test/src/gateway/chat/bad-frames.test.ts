import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../../../support/eventually.ts';
import { startApplication } from '../../../support/start-application.ts';
import { ChatClient } from '../chat-client.ts';
import { RawSocket } from '../raw-socket.ts';
import { call, index, QUESTION } from '../rest-client.ts';

const REFUSED: readonly (readonly [frame: string, field: string])[] = [
  ['not json', 'frame'],
  ['', 'frame'],
  ['"ask"', 'type'],
  ['null', 'type'],
  ['[]', 'type'],
  ['{}', 'type'],
  ['{"type":"tell"}', 'type'],
  ['{"type":{"deep":1}}', 'type'],
  ['{"type":"__proto__"}', 'type'],
  ['{"type":"ask","id":"q"}', 'question'],
  ['{"type":"ask","id":7,"question":"x"}', 'id'],
  ['{"type":"ask","id":"","question":"x"}', 'id'],
  ['{"type":"ask","id":"q","question":["x"]}', 'question'],
  ['{"type":"ask","id":"q","question":"x","stream":true}', 'stream'],
  ['{"type":"ask","id":"q","question":"x","options":{"top_k":0}}', 'options.top_k'],
  ['{"type":"ask","id":"q","question":"x","options":{"top_k":1000000000}}', 'options.top_k'],
  ['{"type":"ask","id":"q","question":"x","options":{"filter":{"__proto__":1}}}', 'options.filter.__proto__'],
  ['{"type":"ask","id":"q","question":"x","__proto__":{"a":1}}', '__proto__'],
  ['{"type":"cancel"}', 'turn'],
  ['{"type":"feedback","turn":"t","rating":"fine"}', 'rating'],
  ['{"type":"stats","subscribe":"yes"}', 'subscribe'],
  ['{"type":"ping","at":1}', 'at'],
  [`{"type":"ask","id":"q","question":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 'question'],
  ['['.repeat(10_000), 'frame'],
];

describe('a chat socket refuses', () => {
  test('what is no frame by an error that names the field, and stays open', async () => {
    const { url } = await startApplication();
    await index(url);
    const client = await ChatClient.open(url);
    for (const [frame] of REFUSED) client.send(frame);
    client.send({ type: 'ping' });
    await client.ofType('pong');
    const errors = client.frames.filter(({ type }) => type === 'error');
    expect(errors.map(({ error }) => [error?.code, error?.details?.[0]?.field])).toEqual(REFUSED.map(([, field]) => ['INVALID_FRAME', field]));
    expect(errors.filter((frame) => frame['id'] === 'q')).toHaveLength(8);
    client.ask('q1', QUESTION);
    expect((await client.end('q1'))['finish']).toBe('stop');
  });

  test('a binary frame, and stays open', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    client.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect((await client.ofType('error')).error).toMatchObject({ code: 'INVALID_FRAME', details: [{ got: 'a binary one' }] });
    client.send({ type: 'ping' });
    await client.ofType('pong');
  });

  test('text that is not UTF-8, and closes with 1007', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    client.socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
    expect((await client.closed).code).toBe(1007);
    expect((await client.ofType('error')).error?.code).toBe('INVALID_FRAME');
  });

  test('a frame above the bound, and closes with 1009', async () => {
    const { url } = await startApplication({ env: { BANYAN_MAX_FRAME_BYTES: '2048' } });
    const client = await ChatClient.open(url);
    client.ask('q1', 'x'.repeat(3000));
    expect((await client.closed).code).toBe(1009);
    expect((await client.ofType('error')).error?.code).toBe('INVALID_FRAME');
    const huge = await ChatClient.open(url);
    huge.ask('q1', 'x'.repeat(1_000_000));
    expect((await huge.closed).code).toBe(1009);
  });

  test('a flood, and closes with 1008', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    for (let n = 0; n < 5000; n += 1) client.send('{"type":"ping"}');
    expect((await client.closed).code).toBe(1008);
    expect(client.frames.at(-1)).toMatchObject({ type: 'error', error: { code: 'INVALID_FRAME' } });
    expect((await call(`${url}/livez`)).status).toBe(200);
  });

  test('whatever comes after the frame for which it closes', async () => {
    const { url } = await startApplication({ env: { BANYAN_MAX_FRAME_BYTES: '2048' } });
    const client = await ChatClient.open(url);
    const session = await client.session();
    const other = await ChatClient.open(url, `?session=${session}`);
    await other.ofType('ready');
    client.ask('q1', 'x'.repeat(3000));
    client.ask('q2', QUESTION);
    expect((await client.closed).code).toBe(1009);
    other.ask('q3', QUESTION);
    await other.end('q3');
    expect(other.frames.filter(({ type }) => type === 'accepted').map(({ id }) => id)).toEqual(['q3']);
  });

  test('empty, blank and overlong questions by their codes', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    client.ask('empty', '');
    client.ask('blank', ' \n ');
    client.ask('long', 'why '.repeat(25_600));
    await client.frame(({ type, id }) => type === 'error' && id === 'long');
    const errors = client.frames.filter(({ type }) => type === 'error');
    expect(errors.map(({ id, error }) => [id, error?.code])).toEqual([['empty', 'QUESTION_EMPTY'], ['blank', 'QUESTION_EMPTY'], ['long', 'QUESTION_TOO_LONG']]);
  });

  test('an unknown model and an unknown turn', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    client.send({ type: 'ask', id: 'q1', question: 'x', options: { model: 'none:such' } });
    client.send({ type: 'cancel', turn: 'none' });
    await client.frame(({ turn }) => turn === 'none');
    expect(client.frames.filter(({ type }) => type === 'error')).toMatchObject([
      { id: 'q1', error: { code: 'INVALID_REQUEST', details: [{ field: 'model' }] } },
      { turn: 'none', error: { code: 'TURN_NOT_FOUND' } },
    ]);
  });
});

describe('an upgrade', () => {
  test('that a foreign page asks for is refused', async () => {
    const { url } = await startApplication();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { origin: 'https://evil.example' });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  });

  test('beyond the sockets that may be open is told, then closed with 1013', async () => {
    const { url } = await startApplication({ env: { BANYAN_MAX_CONNECTIONS: '1' } });
    await (await ChatClient.open(url)).ofType('ready');
    const second = await ChatClient.open(url);
    expect((await second.closed).code).toBe(1013);
    expect(second.frames).toMatchObject([{ type: 'error', error: { code: 'OVERLOADED' } }]);
  });

  test('that is none gets the error of any other route that is not there', async () => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/ws`);
    expect([status, body.error?.code]).toEqual([404, 'ROUTE_NOT_FOUND']);
  });

  test('of another route is no chat', async () => {
    const { url } = await startApplication();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/nope`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('404');
  });

  test('to another protocol is left alone: the request is answered as it is', async () => {
    const { url } = await startApplication();
    await index(url);
    const h2c = { headers: ['connection: upgrade, http2-settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAAQCAAAAAAIAAAAA'] };
    const client = await RawSocket.open(url);
    client.request('GET', '/livez', h2c);
    await eventually(() => expect(client.received).toMatch(/^HTTP\/1.1 200 .*alive/s));
    client.request('POST', '/query', { ...h2c, body: { question: QUESTION } });
    await eventually(() => expect(client.received).toMatch(/"finish":"stop"/));
  });

  test('speaks banyan.v1 where the client offers it, and names no key', async () => {
    const { url } = await startApplication();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['banyan.v1', 'bearer.secret']);
    await once(socket, 'open');
    expect(socket.protocol).toBe('banyan.v1');
    socket.terminate();
  });
});
