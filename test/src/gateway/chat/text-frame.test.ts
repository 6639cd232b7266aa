import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { writeTextFrame } from '#src/gateway/chat/text-frame.ts';

/** A client of `ws`, and the two ends of the server's side: the socket and the connection below it. */
async function connect(): Promise<{ client: WebSocket; socket: WebSocket; connection: Duplex }> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const connected = new Promise<{ socket: WebSocket; connection: Duplex }>((resolve) => {
    server.on('upgrade', (request, connection, rest) => {
      sockets.handleUpgrade(request, connection, rest, (socket) => resolve({ socket, connection }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.terminate();
    server.close();
  });
  return { client, ...(await connected) };
}

test('a text of any length and any characters arrives as it is, also between messages, pings and the close of ws', async () => {
  const lengths = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 70_000];
  const texts = [...lengths.map((length) => 'a'.repeat(length)), ...lengths.map((length) => 'é'.repeat(length)), '𝄞 Grüße, Привет, "quoted"', 'ÿ\u0080\u007f\u0000'];
  const { client, socket, connection } = await connect();
  const got: string[] = [];
  client.on('message', (data: Buffer, isBinary) => got.push(isBinary ? 'binary' : data.toString()));
  for (const [index, text] of texts.entries()) {
    writeTextFrame(connection, text);
    if (index % 3 === 0) socket.send('by ws');
    if (index % 4 === 0) socket.ping();
  }
  socket.close(1012, 'restart');
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(1012);
  expect(got.filter((text) => text !== 'by ws')).toEqual(texts);
  expect(got.filter((text) => text === 'by ws')).toHaveLength(Math.ceil(texts.length / 3));
});
