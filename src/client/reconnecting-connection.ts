import type { ErrorBody, ServerFrame, WebSocketConstructor } from './api.ts';
import { reconnectMs } from './backoff.ts';
import { Connection } from './connection.ts';

export interface ReconnectingConnectionOptions {
  readonly protocols: readonly string[];
  readonly WebSocket: WebSocketConstructor;
  readonly heartbeatMs: number;
  /** How long the service may be away, in milliseconds; undefined: for ever. */
  readonly giveUpMs: number | undefined;
  /** Where to connect to, asked before each try. */
  address(): string;
  onConnecting(): void;
  onFrame(frame: ServerFrame): void;
  /** @param refusal what the service said of the connection before it closed it */
  onLost(closeCode: number, refusal: ErrorBody | undefined): void;
  /** @param attempt tries since the service was there, the coming one included */
  onWaiting(attempt: number, retryInMs: number): void;
  onGivenUp(refusal: ErrorBody | undefined): void;
}

/** What a connection that was lost soon after it served counts for: a service that drops everybody is to be tried ever more rarely. */
const SHORT_LIFE_MS = 1000;

/** A connection that is made again, with back-off, whenever it is lost. */
export class ReconnectingConnection {
  readonly #options: ReconnectingConnectionOptions;
  #connection: Connection | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #lostAtMs = performance.now();
  /** Connections in a row that served for a moment only. */
  #shortLives = 0;
  /** Undefined while the service has not served on this connection. */
  #servedSinceMs: number | undefined;
  /** The last error that named neither a question nor a turn: a close that follows is for its sake. */
  #refusal: ErrorBody | undefined;
  #isOver = false;

  constructor(options: ReconnectingConnectionOptions) {
    this.#options = options;
  }

  /** Connects now, unless it does or has already. */
  open(): void {
    if (this.#isOver || this.#connection !== undefined) return;
    clearTimeout(this.#retry);
    this.#refusal = undefined;
    const { protocols, WebSocket, heartbeatMs } = this.#options;
    this.#connection = new Connection({
      url: this.#options.address(),
      protocols,
      WebSocket,
      heartbeatMs,
      onFrame: (frame) => this.#receive(frame),
      onLost: (closeCode) => this.#lose(closeCode),
    });
    this.#options.onConnecting();
  }

  send(json: string): void {
    this.#connection?.send(json);
  }

  /** Gives the connection up, as if it had been lost. */
  drop(): void {
    this.#connection?.drop();
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#retry);
    this.#connection?.close();
  }

  /** The service serves on this connection. Where it keeps doing so, a loss begins a new outage. */
  serves(): void {
    this.#servedSinceMs = performance.now();
  }

  /** Something came that makes the connection worth its try, however short it was. */
  progress(): void {
    this.#attempt = 0;
    this.#shortLives = 0;
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === 'error' && frame.id === undefined && frame.turn === undefined) this.#refusal = frame.error;
    this.#options.onFrame(frame);
  }

  #lose(closeCode: number): void {
    const nowMs = performance.now();
    this.#connection = undefined;
    if (this.#servedSinceMs !== undefined) {
      this.#lostAtMs = nowMs;
      if (nowMs - this.#servedSinceMs > this.#options.heartbeatMs) this.progress();
      else this.#shortLives += 1;
      this.#servedSinceMs = undefined;
    }
    this.#options.onLost(closeCode, this.#refusal);
    if (!this.#isOver) this.#wait(nowMs);
  }

  #wait(nowMs: number): void {
    const awayMs = nowMs - this.#lostAtMs;
    const retryInMs = reconnectMs(awayMs + this.#shortLives * SHORT_LIFE_MS, Math.random(), this.#refusal?.retry_after_ms);
    const { giveUpMs } = this.#options;
    if (giveUpMs !== undefined && awayMs + retryInMs > giveUpMs) return this.#options.onGivenUp(this.#refusal);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.open(), retryInMs);
    this.#options.onWaiting(this.#attempt, retryInMs);
  }
}
