import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { Gateway } from '../app.ts';
import type { OpenConnection } from '../connections.ts';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Tells nginx not to hold events back.
  'x-accel-buffering': 'no',
};

/** How long a client may read nothing of the rest of a stream that has ended. */
const FAREWELL_MS = 30_000;

/** A response of server-sent events: kept alive by comments, ended when its reader is too slow. */
export class EventStream implements OpenConnection {
  readonly #response: ServerResponse;
  readonly #bufferBytes: number;
  readonly #heartbeat: NodeJS.Timeout;

  /** @param onClose called once; whether the client has left by itself, or the stream was ended here */
  constructor(reply: FastifyReply, { services: { config }, connections: { streams } }: Gateway, onClose: (hasLeft: boolean) => void) {
    reply.hijack();
    this.#response = reply.raw;
    this.#bufferBytes = config.socketBufferBytes;
    this.#heartbeat = setInterval(() => this.#write(': heartbeat\n\n'), config.socketHeartbeatMs);
    this.#response.writeHead(200, HEADERS);
    this.#write(': open\n\n');
    streams.add(this);
    this.onceClosed(() => {
      clearInterval(this.#heartbeat);
      streams.delete(this);
      onClose(!this.#response.writableEnded);
    });
  }

  /** Calls once, also where the client is gone already. */
  onceClosed(run: () => void): void {
    if (this.#response.destroyed) queueMicrotask(run);
    else this.#response.once('close', run);
  }

  /** @param json on one line, as JSON.stringify gives it */
  event(type: string, json: string): void {
    this.#write(`event: ${type}\ndata: ${json}\n\n`);
  }

  frame({ seq, type, json }: FrameRecord): void {
    this.#write(`id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`);
  }

  /** What waits to be read is still sent. */
  end(): void {
    this.#response.setTimeout(FAREWELL_MS, () => this.destroy());
    this.#response.end();
  }

  closeForRestart(): void {
    this.#response.end('event: restart\ndata: {}\n\n');
  }

  destroy(): void {
    this.#response.destroy();
  }

  /**
   * A client that cannot keep up comes back with the last id that it got. It still gets what waits: one that has missed
   * more than the bound would never come to its end otherwise.
   */
  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (this.#response.writableLength > this.#bufferBytes) this.end();
    else this.#response.write(text);
  }
}
