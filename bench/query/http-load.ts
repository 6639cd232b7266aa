import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What to send: `POST` requests over connections that stay open, one at a time on each. */
export interface LoadRequest {
  readonly port: number;
  readonly path: string;
  /** JSON texts, sent in turn. */
  readonly bodies: readonly string[];
  readonly connections: number;
  /** When absent, every body is sent once. */
  readonly durationMs?: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  /** The body of the last answer. */
  readonly lastBody: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: (\d+)/i;

process.on('message', (request: LoadRequest) => {
  load(request).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

/** Rejects when an answer is not 200. */
async function load({ port, path, bodies, connections, durationMs }: LoadRequest): Promise<LoadReport> {
  const requests = bodies.map((body) => encode(port, path, body));
  const startedMs = performance.now();
  const endMs = startedMs + (durationMs ?? Infinity);
  const limit = durationMs === undefined ? bodies.length : Infinity;
  let sent = 0;
  const next = (): Buffer | undefined => {
    if (sent >= limit || performance.now() >= endMs) return undefined;
    sent += 1;
    return requests[(sent - 1) % requests.length];
  };
  const lastBodies = await Promise.all(Array.from({ length: connections }, () => new Connection(port, next).run()));
  const seconds = (performance.now() - startedMs) / 1000;
  return { requests: sent, seconds, lastBody: lastBodies.find((body) => body !== '') ?? '' };
}

function encode(port: number, path: string, body: string): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

/** Sends requests one after the other; reads of an answer only what tells where it ends. */
class Connection {
  readonly #socket: Socket;
  readonly #next: () => Buffer | undefined;
  readonly #ended = Promise.withResolvers<string>();
  #received: Buffer[] = [];
  /** Bytes of the answer that are still to come; undefined while its head is read. */
  #missing: number | undefined;

  constructor(port: number, next: () => Buffer | undefined) {
    this.#next = next;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('connect', () => this.#send([]));
    this.#socket.on('data', (data) => this.#read(data));
    this.#socket.on('error', (error) => this.#ended.reject(error));
    this.#socket.on('close', () => this.#ended.reject(new Error('the connection was closed')));
  }

  /** Resolves with the body of the last answer when there is nothing more to send. */
  run(): Promise<string> {
    return this.#ended.promise;
  }

  #send(answer: readonly Buffer[]): void {
    const request = this.#next();
    if (request !== undefined) return void this.#socket.write(request);
    this.#ended.resolve(Buffer.concat(answer).toString());
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    this.#received.push(data);
    if (this.#missing === undefined) this.#readHead();
    else this.#missing -= data.length;
    if (this.#missing === 0) this.#finish();
  }

  #readHead(): void {
    const bytes = Buffer.concat(this.#received);
    const end = bytes.indexOf(HEAD_END);
    if (end === -1) return;
    const head = bytes.toString('latin1', 0, end);
    const length = LENGTH.exec(head)?.[1];
    if (!head.startsWith('HTTP/1.1 200') || length === undefined) return this.#ended.reject(new Error(`unexpected answer: ${bytes.toString()}`));
    this.#received = [bytes.subarray(end + HEAD_END.length)];
    this.#missing = Number(length) - (bytes.length - end - HEAD_END.length);
  }

  #finish(): void {
    const body = this.#received;
    this.#received = [];
    this.#missing = undefined;
    this.#send(body);
  }
}
