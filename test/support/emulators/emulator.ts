import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { createFaults } from './faults.ts';
import { createRateLimit } from './rate-limit.ts';
import { listedRequest } from './recorded-request.ts';
import { readScript, ScriptQueue } from './script.ts';
import type { Script } from './script.ts';
import { isOverruled, writeAnswer } from './write-answer.ts';

export type { Script } from './script.ts';

export interface RecordedRequest {
  readonly method: string;
  /** Decoded path and search. */
  readonly path: string;
  /** As it stood on the wire, which is what a signature covers. */
  readonly rawPath: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty until it has arrived in full. */
  readonly body: Buffer;
  /** `performance.now()` when its headers had arrived. */
  readonly arrivedAtMs: number;
  /** `performance.now()` when it was answered in full or its socket was closed. */
  readonly closedAtMs: number | undefined;
  /** The client closed the socket before the answer was complete. */
  readonly closedEarly: boolean;
}

/** A request as a handler gets it. */
export interface EmulatorRequest extends RecordedRequest {
  /** Percent-encoded as usual; `url.pathname` may be decoded by `decodeURIComponent`. */
  readonly url: URL;
  /** The named error that a script wants instead of the honest answer, in the shape of the provider. */
  readonly error: string | undefined;
  /** How many more requests the rate limit lets through at once, where there is one. */
  readonly remaining: number | undefined;
}

/** `body` is sent with its length; `stream` in chunks, `tokenMs` apart. */
export interface EmulatorAnswer {
  /** @defaultValue 200 */
  readonly status?: number;
  /** @defaultValue content-type: application/json */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly stream?: readonly (string | Buffer)[];
}

/** May throw Refusal; anything else that it throws is a mistake of the emulator: a 500 that says so. */
export type EmulatorHandler = (request: EmulatorRequest) => EmulatorAnswer | Promise<EmulatorAnswer>;

/** Ends a handler from any depth with an answer that refuses. */
export class Refusal extends Error {
  readonly answer: EmulatorAnswer;

  constructor(answer: EmulatorAnswer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

export interface Emulator {
  /** Without a slash at its end. */
  readonly url: string;
  /** Oldest first; the newest `keepRequests`. */
  readonly requests: readonly RecordedRequest[];
  /** Connections, idle ones of a pool included. */
  readonly openSockets: number;
  /** Requests that are neither answered in full nor closed. */
  readonly openRequests: number;
  script(script: Script): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

export interface EmulatorOptions {
  /** @defaultValue a free one */
  readonly port?: number;
  /** Before the headers of every answer. */
  readonly delayMs?: number;
  /** Between two pieces of a streamed answer. */
  readonly tokenMs?: number;
  /** The share of requests, 0 to 1, that fail in one of the ways of `createFaults`. */
  readonly faultShare?: number;
  readonly seed?: number;
  /** More requests than that are answered as if `error: 'throttled'` was scripted; a second's worth may come at once. */
  readonly requestsPerSecond?: number;
  /** The credential that is accepted. */
  readonly key?: string;
  /** How many requests are remembered. @defaultValue 10000 */
  readonly keepRequests?: number;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const HOST = '127.0.0.1';
const THROTTLED: Script = { error: 'throttled' };

/** Starts a server on the loopback that records every request and answers as `handler` says, or as it is scripted. */
export async function startEmulator(handler: EmulatorHandler, options: EmulatorOptions = {}): Promise<Emulator> {
  const requests: RecordedRequest[] = [];
  const scripts = new ScriptQueue();
  const nextFault = createFaults(options);
  const takeToken = options.requestsPerSecond === undefined ? undefined : createRateLimit(options.requestsPerSecond, () => performance.now());
  const running = new Set<AbortController>();
  let openSockets = 0;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const closed = new AbortController();
    const request = record(incoming, response, closed);
    if (request.path === '/_requests') return sendJson(response, 200, requests.map(listedRequest));
    if (request.path === '/_script') return await takeScripts(incoming, response);
    remember(request);
    running.add(closed);
    request.body = await readBody(incoming);
    const remaining = takeToken?.();
    const script = scripts.take(request.path) ?? (remaining === -1 ? THROTTLED : nextFault());
    const answer = isOverruled(script) ? {} : await answerOf(handler, { ...request, url: urlOf(request), error: script?.error, remaining });
    await writeAnswer(response, answer, { options, script, closed: closed.signal });
  }

  function record(incoming: IncomingMessage, response: ServerResponse, closed: AbortController): Mutable<RecordedRequest> {
    const rawPath = incoming.url ?? '/';
    const request: Mutable<RecordedRequest> = {
      method: incoming.method ?? '', path: decodePath(rawPath), rawPath, headers: incoming.headers, body: Buffer.alloc(0),
      arrivedAtMs: performance.now(), closedAtMs: undefined, closedEarly: false,
    };
    const { socket } = incoming;
    response.once('close', () => {
      request.closedAtMs = performance.now();
      // Of the two ends only the client's leaves `closed` to be aborted here: who cuts or closes aborts it before.
      request.closedEarly = !response.writableFinished && !closed.signal.aborted && socket.destroyed;
      running.delete(closed);
      closed.abort();
    });
    response.once('emulator-cut', () => closed.abort());
    return request;
  }

  function remember(request: RecordedRequest): void {
    requests.push(request);
    if (requests.length > (options.keepRequests ?? 10_000)) requests.shift();
  }

  async function takeScripts(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(incoming);
    try {
      for (const script of [JSON.parse(body.toString('utf8')) as unknown].flat()) scripts.add(readScript(script));
      sendJson(response, 200, {});
    } catch (error) {
      sendJson(response, 400, { error: String(error) });
    }
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    // A client that goes away in mid-body rejects: there is nobody to answer.
    serve(incoming, response).catch(() => void response.destroy());
  });
  server.on('connection', (socket) => {
    openSockets += 1;
    socket.setNoDelay(true);
    socket.once('close', () => void (openSockets -= 1));
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(options.port ?? 0, HOST, resolve);
  await listening;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected the server to have a port');

  return {
    url: `http://${HOST}:${address.port}`,
    requests,
    get openSockets() {
      return openSockets;
    },
    get openRequests() {
      return running.size;
    },
    script: (script) => scripts.add(readScript(script)),
    async close() {
      for (const closed of running) closed.abort();
      const ended = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await ended;
    },
  };
}

async function answerOf(handler: EmulatorHandler, request: EmulatorRequest): Promise<EmulatorAnswer> {
  try {
    return await handler(request);
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.answer;
    return { status: 500, headers: { 'content-type': 'text/plain' }, body: `mistake of the emulator: ${thrown instanceof Error ? thrown.stack : String(thrown)}` };
  }
}

function urlOf({ rawPath }: RecordedRequest): URL {
  return new URL(rawPath, `http://${HOST}`);
}

function decodePath(rawPath: string): string {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    return rawPath;
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
