import type { Duplex } from 'node:stream';
import type { WebSocket } from '@fastify/websocket';
import type { Config } from '#config/schema.ts';
import { writeTextFrame } from './text-frame.ts';

/** RFC 6455 section 7.4.1 and the IANA registry; 4400 and above are ours. */
export const CLOSE = {
  normal: 1000,
  notText: 1007,
  policy: 1008,
  tooLarge: 1009,
  internal: 1011,
  restart: 1012,
  tryAgain: 1013,
  invalidQuery: 4400,
  unknownSession: 4404,
} as const;

/** Pings in a row that a client may leave without an answer. */
const MAX_MISSED_PINGS = 2;
/** A person types and a program waits for answers; far below what would hurt. */
export const MAX_FRAMES_PER_SECOND = 500;
const SECOND_MS = 1000;

/** One WebSocket with its bounds: what it may have unsent, how much it may send, how long it may be silent. */
export class SocketLink {
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  readonly #bufferBytes: number;
  readonly #heartbeat: NodeJS.Timeout;
  #missedPings = 0;
  #windowStart = 0;
  #framesInWindow = 0;

  /** @param connection what the socket was made from; nothing on it is compressed */
  constructor(socket: WebSocket, connection: Duplex, { socketBufferBytes, socketHeartbeatMs }: Config) {
    this.#socket = socket;
    this.#connection = connection;
    this.#bufferBytes = socketBufferBytes;
    this.#heartbeat = setInterval(() => this.#ping(), socketHeartbeatMs);
    socket.on('pong', () => (this.#missedPings = 0));
    socket.on('close', () => clearInterval(this.#heartbeat));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Sends ready-made JSON; false when the client reads too slowly for it. */
  send(json: string): boolean {
    if (!this.isOpen) return true;
    if (this.#connection.writableLength > this.#bufferBytes) return false;
    writeTextFrame(this.#connection, json);
    return true;
  }

  /** @param reason at most 123 bytes */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  /** Notes a frame of the client; true when it sends more than it may. */
  isFlooded(): boolean {
    this.#missedPings = 0;
    const now = performance.now();
    if (now - this.#windowStart >= SECOND_MS) {
      this.#windowStart = now;
      this.#framesInWindow = 0;
    }
    this.#framesInWindow += 1;
    return this.#framesInWindow > MAX_FRAMES_PER_SECOND;
  }

  #ping(): void {
    if (this.#missedPings >= MAX_MISSED_PINGS) return this.destroy();
    this.#missedPings += 1;
    if (this.isOpen) this.#socket.ping();
  }
}
