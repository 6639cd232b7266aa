import type { ServerFrame, WebSocketConstructor } from '#src/client/api.ts';
import { LineSocket } from './line-socket.ts';
import type { SessionAccount } from './session-account.ts';

/** The line of one client over all of its connections. While it is down, no connection is made. */
export class ChatLine {
  /** To be given to `connect`. */
  readonly WebSocket: WebSocketConstructor;
  readonly #account: SessionAccount;
  readonly #onReturn: (returnMs: number) => void;
  #socket: LineSocket | undefined;
  #downUntilMs = 0;
  #killedAtMs: number | undefined;

  /** @param onReturn told how long after the death of the service its first frame came */
  constructor(account: SessionAccount, onReturn: (returnMs: number) => void) {
    this.#account = account;
    this.#onReturn = onReturn;
    const open = (url: string, protocols: string[]): LineSocket => this.#open(url, protocols);
    this.WebSocket = function Line(url: string, protocols: string[]) {
      return open(url, protocols);
    } as unknown as WebSocketConstructor;
  }

  /** A client that is away by its own will does not wait for the service. */
  break(downMs: number): void {
    this.#downUntilMs = performance.now() + downMs;
    if (downMs > 0) this.#killedAtMs = undefined;
    this.#socket?.break();
  }

  serviceKilled(atMs: number): void {
    this.#killedAtMs = this.#downUntilMs > atMs ? undefined : atMs;
  }

  #open(url: string, protocols: string[]): LineSocket {
    const isDown = performance.now() < this.#downUntilMs;
    this.#socket = new LineSocket(url, protocols, { account: this.#account, isDown, hear: (frame, openedMs) => this.#hear(frame, openedMs) });
    return this.#socket;
  }

  /** What a dead service had sent before is no sign of the next one. */
  #hear(frame: ServerFrame, openedMs: number): void {
    const nowMs = performance.now();
    if (this.#killedAtMs !== undefined && openedMs > this.#killedAtMs) {
      this.#onReturn(nowMs - this.#killedAtMs);
      this.#killedAtMs = undefined;
    }
    this.#account.receive(frame, nowMs);
  }
}
