import type { Socket } from 'node:net';

/** Something that stays open: a WebSocket or an event stream. */
export interface OpenConnection {
  /** Tells the client to come back, and closes. */
  closeForRestart(): void;
}

/** What is open and what runs at this gateway; it outlives no incarnation of it. */
export class Connections {
  /** From now on `readyz` says 503 and no socket is taken. */
  isDraining = false;
  /** REST requests whose question is being answered. */
  answering = 0;
  readonly sockets = new Set<OpenConnection>();
  readonly streams = new Set<OpenConnection>();
  /** Everything that is connected: Node forgets a connection once it was upgraded. */
  readonly #tcp = new Set<Socket>();

  track(socket: Socket): void {
    this.#tcp.add(socket);
    socket.once('close', () => this.#tcp.delete(socket));
  }

  closeForRestart(): void {
    for (const connection of [...this.sockets, ...this.streams]) connection.closeForRestart();
  }

  /** Hangs up on everybody. */
  destroy(): void {
    for (const socket of this.#tcp) socket.destroy();
  }

  get isEmpty(): boolean {
    return this.sockets.size + this.streams.size === 0;
  }
}
