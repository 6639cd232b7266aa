import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { ChatSocket, chatUrl, reconnectDelayMs } from '#src/web/socket.js';
import type { Connection, ServerFrame } from '#src/web/types.ts';
import { eventually } from '../../support/eventually.ts';

const READY = { type: 'ready', session: 's', last_seq: 0, resumed: false };

describe('reconnectDelayMs', () => {
  test('doubles from half a second to fifteen, and leaves half of it to chance', () => {
    expect([0, 1, 2, 3, 4, 5, 100].map((attempt) => reconnectDelayMs(attempt, 1))).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    fc.assert(
      fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delayMs = reconnectDelayMs(attempt, random);
        expect(delayMs).toBeGreaterThanOrEqual(reconnectDelayMs(attempt, 1) / 2);
        expect(delayMs).toBeLessThanOrEqual(15_000);
      }),
    );
  });
});

describe('chatUrl', () => {
  test('names the session and the last number that came, once there is a session', () => {
    expect(chatUrl({ protocol: 'http:', host: 'localhost:4000' }, null, 0)).toBe('ws://localhost:4000/ws');
    expect(chatUrl({ protocol: 'https:', host: 'docs.test' }, 'a&b', 7)).toBe('wss://docs.test/ws?session=a%26b&after=7');
  });
});

describe('ChatSocket', () => {
  test('speaks banyan.v1, is online from `ready` on, and hands frames over', async () => {
    const { server, socket, frames, connections } = await start();
    const peer = await server.accept();
    expect(peer.protocol).toBe('banyan.v1');
    expect(socket.isOnline).toBe(false);
    expect(socket.send({ type: 'ping' })).toBe(false);
    peer.send(JSON.stringify(READY));
    await eventually(() => expect(frames).toEqual([READY]));
    expect(connections).toEqual(['connecting', 'online']);
    expect(socket.send({ type: 'cancel', turn: 't' })).toBe(true);
    const [data] = await once(peer, 'message');
    expect(String(data)).toBe('{"type":"cancel","turn":"t"}');
  });

  test('comes back after a loss, and asks for its address anew', async () => {
    const { server, frames, connections, address } = await start();
    const first = await server.accept();
    first.send(JSON.stringify(READY));
    await eventually(() => expect(frames.length).toBe(1));
    address.after = 5;
    first.close(1012);
    await server.accept();
    expect(server.paths).toEqual(['/ws?after=0', '/ws?after=5']);
    expect(connections).toEqual(['connecting', 'online', 'waiting', 'connecting']);
  });

  test('waits longer with each attempt that brings no `ready`', async () => {
    const { server, waits } = await start();
    (await server.accept()).close();
    (await server.accept()).close();
    await server.accept();
    expect(waits.map((ms) => Math.round(ms / 250))).toEqual([1, 2]);
  });

  test.for([4400, 4404])('tells when the service refuses the address with %i, and tries another', async (code) => {
    const { server, refused } = await start();
    (await server.accept()).close(code);
    await server.accept();
    expect(refused).toEqual([code]);
  });

  test('stays away when the service wants to know who asks', async () => {
    const { server, connections } = await start();
    (await server.accept()).close(4401);
    await eventually(() => expect(connections.at(-1)).toBe('refused'));
  });

  test('gives up a line that speaks no JSON', async () => {
    const { server, connections } = await start();
    (await server.accept()).send('<html>');
    await server.accept();
    expect(connections).toEqual(['connecting', 'waiting', 'connecting']);
  });

  test('pings a line that is silent, and gives it up when nothing comes back', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { server, frames, connections } = await start();
    const peer = await server.accept();
    peer.send(JSON.stringify(READY));
    await eventually(() => expect(frames.length).toBe(1));
    const pinged = once(peer, 'message');
    vi.advanceTimersByTime(10_000);
    expect(String((await pinged)[0])).toBe('{"type":"ping"}');
    expect(connections.at(-1)).toBe('online');
    vi.advanceTimersByTime(10_000);
    expect(connections.at(-1)).toBe('waiting');
    await server.accept();
  });
});

interface Peer {
  readonly url: string;
  readonly paths: string[];
  /** The next client's socket. */
  accept(): Promise<WebSocket>;
}

async function start() {
  const server = await listen();
  const address = { after: 0 };
  const frames: ServerFrame[] = [];
  const connections: Connection['state'][] = [];
  const waits: number[] = [];
  const refused: number[] = [];
  const socket = new ChatSocket({
    url: () => `${server.url}/ws?after=${address.after}`,
    onFrame: (frame) => frames.push(frame),
    onConnection: (connection) => {
      connections.push(connection.state);
      if (connection.state === 'waiting') waits.push(connection.retryAtMs - Date.now());
    },
    onAddressRefused: (code) => refused.push(code),
    random: () => 0,
  });
  onTestFinished(() => socket.close());
  socket.open();
  return { server, socket, address, frames, connections, waits, refused };
}

async function listen(): Promise<Peer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const accepted: WebSocket[] = [];
  const paths: string[] = [];
  server.on('connection', (socket, { url }) => {
    accepted.push(socket);
    paths.push(url ?? '');
  });
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const accept = (): Promise<WebSocket> =>
    eventually(() => {
      const socket = accepted.shift();
      if (socket === undefined) throw new Error('no client has come');
      return socket;
    });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, paths, accept };
}
