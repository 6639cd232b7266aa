import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

export interface AcceptedSocket {
  /** The query of the address. */
  readonly query: URLSearchParams;
  readonly protocols: string;
  send(...frames: readonly object[]): void;
  close(code: number): void;
  /** The first frame of the client of this type, waited for; pings are answered by themselves. */
  next(type: string): Promise<{ readonly id: string; readonly turn: string }>;
}

/** A service whose frames a test writes itself: for what the real one says only on bad days. */
export async function startScriptedService(): Promise<{ readonly url: string; accept(): Promise<AcceptedSocket> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'banyan.v1' });
  const sockets: AcceptedSocket[] = [];
  let change = Promise.withResolvers<void>();
  server.on('connection', (socket, request) => {
    const frames: { readonly type: string; readonly id: string; readonly turn: string }[] = [];
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as (typeof frames)[number];
      if (frame.type === 'ping') socket.send('{"type":"pong"}');
      else frames.push(frame);
      change.resolve();
    });
    sockets.push({
      query: new URL(request.url ?? '', 'http://localhost').searchParams,
      protocols: request.headers['sec-websocket-protocol'] ?? '',
      send: (...sent) => sent.forEach((frame) => socket.send(JSON.stringify(frame))),
      close: (code) => socket.close(code),
      next: (type) => waitFor(() => frames.splice(0).find((frame) => frame.type === type)),
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
  onTestFinished(() => {
    for (const socket of server.clients) if (socket.readyState !== WebSocket.CLOSED) socket.terminate();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, accept: () => waitFor(() => sockets.shift()) };
}
