import type { ServerFrame, WebSocketConstructor, WebSocketLike } from './api.ts';
import { readFrame } from './frame.ts';

/** Silent beats until the service is asked whether it is there, and until it counts as gone. */
const PING_AFTER_BEATS = 2;
const LOST_AFTER_BEATS = 3;
/** The readyState of an open WebSocket. */
const OPEN = 1;
const NORMAL_CLOSURE = 1000;
/** What a WebSocket reports of a connection that ended without a close frame (RFC 6455 section 7.4.1). */
const ABNORMAL_CLOSURE = 1006;

export interface ConnectionOptions {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly WebSocket: WebSocketConstructor;
  readonly heartbeatMs: number;
  onFrame(frame: ServerFrame): void;
  /** Called once, unless `close` was called. */
  onLost(closeCode: number): void;
}

/** One WebSocket from its opening to its loss. It notices a line that died without a word. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocketLike;
  readonly #heart: ReturnType<typeof setInterval>;
  #silentBeats = 0;
  #hasSpoken = false;
  #isOver = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = new options.WebSocket(options.url, [...options.protocols]);
    this.#heart = setInterval(() => this.#beat(), options.heartbeatMs);
    this.#socket.addEventListener('message', ({ data }) => this.#hear(data));
    this.#socket.addEventListener('close', ({ code }) => this.#lose(code));
    this.#socket.addEventListener('error', () => undefined); // a close follows
  }

  /** What is put on a line that is just going is lost: who sends, sends again on the next one. */
  send(json: string): void {
    if (!this.#isOver && this.#socket.readyState === OPEN) this.#socket.send(json);
  }

  /** Gives the line up, as if it had been lost. */
  drop(): void {
    this.#lose(ABNORMAL_CLOSURE);
  }

  close(): void {
    this.#isOver = true;
    clearInterval(this.#heart);
    this.#socket.close(NORMAL_CLOSURE);
  }

  #hear(data: unknown): void {
    if (this.#isOver) return;
    this.#silentBeats = 0;
    this.#hasSpoken = true;
    const frame = readFrame(data);
    if (frame === undefined) this.drop();
    else this.#options.onFrame(frame);
  }

  #beat(): void {
    this.#silentBeats += 1;
    if (!this.#hasSpoken || this.#silentBeats >= LOST_AFTER_BEATS) this.drop();
    else if (this.#silentBeats === PING_AFTER_BEATS) this.send(PING);
  }

  #lose(closeCode: number): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onLost(closeCode);
  }
}

export const PING = '{"type":"ping"}';
