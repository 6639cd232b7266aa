import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';

/** A connection that says exactly what it is told to, and leaves its own half open when the server has closed the other. */
export class RawSocket {
  readonly socket: Socket;
  /** Everything that came, a character for each byte. */
  received = '';
  readonly ended: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => (this.received += data.toString('latin1')));
    socket.on('error', () => undefined);
    this.ended = Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => undefined);
  }

  static async open(url: string): Promise<RawSocket> {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return new RawSocket(socket);
  }

  /** Sends a request; with a body, that is JSON. */
  request(method: string, path: string, { headers = [], body }: { headers?: readonly string[]; body?: object } = {}): this {
    const json = body === undefined ? '' : JSON.stringify(body);
    const ofBody = body === undefined ? [] : ['content-type: application/json', `content-length: ${Buffer.byteLength(json)}`];
    this.socket.write([`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', ...headers, ...ofBody, '', json].join('\r\n'));
    return this;
  }
}
