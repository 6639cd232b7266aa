/** Something that stays open: a WebSocket or an event stream. */
export interface OpenConnection {
  /** Tells the client to come back, and closes. */
  closeForRestart(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What is open and what runs at this gateway; it outlives no incarnation of it. */
export class Connections {
  /** From now on `readyz` says 503 and no socket is taken. */
  isDraining = false;
  /** REST requests whose question is being answered. */
  answering = 0;
  readonly sockets = new Set<OpenConnection>();
  readonly streams = new Set<OpenConnection>();

  closeForRestart(): void {
    for (const connection of this.#all()) connection.closeForRestart();
  }

  destroy(): void {
    for (const connection of this.#all()) connection.destroy();
  }

  get isEmpty(): boolean {
    return this.sockets.size + this.streams.size === 0;
  }

  #all(): readonly OpenConnection[] {
    return [...this.sockets, ...this.streams];
  }
}
