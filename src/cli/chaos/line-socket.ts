import type { ServerFrame, WebSocketLike } from '#src/client/api.ts';
import type { SessionAccount } from './session-account.ts';

export interface LineOptions {
  readonly account: SessionAccount;
  /** Whether the line is down: then nothing is reached. */
  readonly isDown: boolean;
  /** @param openedMs when the connection was begun */
  hear(frame: ServerFrame, openedMs: number): void;
}

type MessageListener = (event: { readonly data: unknown }) => void;
type CloseListener = (event: { readonly code: number; readonly reason: string }) => void;

/** What a WebSocket reports of a connection that ended without a close frame (RFC 6455 section 7.4.1). */
const ABNORMAL_CLOSURE = 1006;
const CLOSED = 3;

/** A WebSocket that enters in an account what goes over it, and that can break like a cable. */
export class LineSocket implements WebSocketLike {
  readonly #options: LineOptions;
  readonly #socket: WebSocket | undefined;
  readonly #onMessage: MessageListener[] = [];
  readonly #onClose: CloseListener[] = [];
  readonly #openedMs = performance.now();
  #isOver = false;

  constructor(url: string, protocols: string[], options: LineOptions) {
    this.#options = options;
    const { searchParams } = new URL(url);
    const after = searchParams.get('after');
    options.account.opening(!searchParams.has('session'), after === null ? undefined : Number(after));
    if (options.isDown) {
      setImmediate(() => this.break());
      return;
    }
    this.#socket = new WebSocket(url, protocols);
    this.#socket.addEventListener('message', ({ data }) => this.#hear(String(data)));
    this.#socket.addEventListener('close', ({ code, reason }) => this.#end(code, reason));
    this.#socket.addEventListener('error', () => undefined); // a close follows
  }

  get readyState(): number {
    return this.#isOver ? CLOSED : (this.#socket?.readyState ?? CLOSED);
  }

  send(data: string): void {
    const frame = JSON.parse(data) as { readonly type: string; readonly id?: string };
    if (frame.type === 'ask' && frame.id !== undefined) this.#options.account.asking(frame.id);
    this.#socket?.send(data);
  }

  close(code?: number, reason?: string): void {
    this.#socket?.close(code, reason);
  }

  addEventListener(type: 'message', listener: MessageListener): void;
  addEventListener(type: 'close', listener: CloseListener): void;
  addEventListener(type: 'error', listener: () => void): void;
  addEventListener(type: 'message' | 'close' | 'error', listener: MessageListener & CloseListener): void {
    if (type === 'message') this.#onMessage.push(listener);
    else if (type === 'close') this.#onClose.push(listener);
  }

  /** What is under way to either side is lost. */
  break(): void {
    this.#end(ABNORMAL_CLOSURE, '');
    this.#socket?.close();
  }

  #hear(data: string): void {
    if (this.#isOver) return;
    this.#options.hear(JSON.parse(data) as ServerFrame, this.#openedMs);
    for (const listener of this.#onMessage) listener({ data });
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const listener of this.#onClose) listener({ code, reason });
  }
}
