import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

export interface AcceptedSocket {
  /** The query of the address. */
  readonly query: URLSearchParams;
  readonly protocols: string;
  send(...frames: readonly object[]): void;
  /** What no service of ours says. */
  sendRaw(data: string | Buffer): void;
  close(code: number): void;
  /** The first frame of the client of this type, waited for; pings are answered by themselves. */
  next(type: string): Promise<{ readonly id: string; readonly turn: string; readonly subscribe: boolean; readonly question: string }>;
}

export interface ScriptedService {
  readonly url: string;
  /** Pings that were answered. */
  readonly pongs: number;
  /** The next client's socket. */
  accept(): Promise<AcceptedSocket>;
}

/** A service whose frames a test writes itself: for what the real one says only on bad days. */
export async function startScriptedService(): Promise<ScriptedService> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'banyan.v1' });
  const sockets: AcceptedSocket[] = [];
  let change = Promise.withResolvers<void>();
  server.on('connection', (socket, request) => {
    const frames: ({ readonly type: string } & Awaited<ReturnType<AcceptedSocket['next']>>)[] = [];
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as (typeof frames)[number];
      frames.push(frame);
      if (frame.type === 'ping') {
        socket.send('{"type":"pong"}');
        service.pongs += 1;
      }
      change.resolve();
    });
    sockets.push({
      query: new URL(request.url ?? '', 'http://localhost').searchParams,
      protocols: request.headers['sec-websocket-protocol'] ?? '',
      send: (...sent) => sent.forEach((frame) => socket.send(JSON.stringify(frame))),
      sendRaw: (data) => socket.send(data),
      close: (code) => socket.close(code),
      next: (type) => waitFor(() => takeFirst(frames, type)),
    });
    change.resolve();
  });
  async function waitFor<Value>(find: () => Value | undefined): Promise<Value> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      change = Promise.withResolvers();
      await change.promise;
    }
  }
  await once(server, 'listening');
  const service = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pongs: 0, accept: () => waitFor(() => sockets.shift()) };
  onTestFinished(() => {
    for (const socket of server.clients) if (socket.readyState !== WebSocket.CLOSED) socket.terminate();
    server.close();
  });
  return service;
}

/** Frames before it are passed over. */
function takeFirst<Frame extends { readonly type: string }>(frames: Frame[], type: string): Frame | undefined {
  const at = frames.findIndex((frame) => frame.type === type);
  return at === -1 ? undefined : frames.splice(0, at + 1).at(-1);
}
