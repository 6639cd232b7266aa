import { setTimeout as sleep } from 'node:timers/promises';
import type { AskOptions } from '#src/ports/answer.ts';
import { withRetries } from '../retry.ts';
import type { ChatSocket, Position, ServerFrame } from './chat-socket.ts';
import { openChat } from './chat-socket.ts';
import type { TurnEnd, TurnListener } from './turn.ts';
import { Turn } from './turn.ts';

export interface ChatClientOptions {
  readonly service: URL;
  /** One to go on with. @defaultValue a new one */
  readonly session?: string | undefined;
  /** Called when the connection is lost in the middle of an answer, and before each try to get it back. */
  onReconnect?(): void;
}

export interface AskRequest {
  readonly question: string;
  readonly options: AskOptions;
  readonly listener: TurnListener;
  /** Aborted: the turn is cancelled, and ends as `cancelled`. */
  readonly signal: AbortSignal;
}

/** A service that restarts is back long before. */
const GIVE_UP_AFTER_MS = 30_000;
/** A cancel that is not confirmed by then is given up. */
const CANCEL_TIMEOUT_MS = 3000;

/** A chat with the service that outlives its connections: it comes back behind the last frame that it had. */
export class ChatClient {
  readonly #service: URL;
  readonly #onReconnect: () => void;
  #socket: ChatSocket | undefined;
  #session: string | undefined;
  /** Whether the service knows the session by more than this connection. */
  #isKept: boolean;
  #lastSeq = 0;
  /** A service that was there once is waited for. */
  #hasConnected = false;
  #running: { readonly turn: Turn; readonly signal: AbortSignal } | undefined;

  constructor({ service, session, onReconnect }: ChatClientOptions) {
    this.#service = service;
    this.#session = session;
    this.#isKept = session !== undefined;
    this.#onReconnect = onReconnect ?? (() => undefined);
  }

  get session(): string | undefined {
    return this.#session;
  }

  /** Rejects with Unreachable, or SESSION_NOT_FOUND. */
  async connect(): Promise<void> {
    await this.#open();
  }

  /**
   * Asks, one question at a time. Resolves with the end of the answer, its text given to the listener before. A lost
   * connection is taken up again for half a minute. Rejects with the error of the service, Unreachable, or AbortError
   * when a cancel is not confirmed.
   */
  async ask({ question, options, listener, signal }: AskRequest): Promise<TurnEnd> {
    const turn = new Turn(question, options, listener);
    this.#running = { turn, signal };
    const patience = new AbortController();
    const onAbort = (): void => {
      this.#cancel();
      void sleep(CANCEL_TIMEOUT_MS, undefined, { ref: false }).then(() => patience.abort());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await this.#converse(turn, signal, patience.signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#running = undefined;
    }
  }

  close(): void {
    this.#socket?.close();
  }

  /** Puts the question on one connection after the other until it has ended: asked twice with one id, it is one turn. */
  async #converse(turn: Turn, cancel: AbortSignal, patience: AbortSignal): Promise<TurnEnd> {
    const impatience = rejection(patience);
    for (let isFirst = true; ; isFirst = false) {
      if (!isFirst) this.#onReconnect();
      const socket = await Promise.race([this.#hasConnected ? this.#reopen(patience) : this.#open(), impatience]);
      if (turn.id === undefined) socket.send(turn.ask);
      else if (cancel.aborted) this.#cancel();
      const end = await Promise.race([turn.ended, socket.closed, impatience]);
      if (end !== undefined) return end;
    }
  }

  /** Before the turn is accepted it has no name to cancel it by: `#receive` comes back to it. */
  #cancel(): void {
    const turn = this.#running?.turn.id;
    if (turn !== undefined) this.#socket?.send({ type: 'cancel', turn });
  }

  #reopen(signal: AbortSignal): Promise<ChatSocket> {
    return withRetries(() => this.#open(), { signal, giveUpAfterMs: GIVE_UP_AFTER_MS, onRetry: this.#onReconnect });
  }

  async #open(): Promise<ChatSocket> {
    if (this.#socket !== undefined) return this.#socket;
    const socket = await openChat(this.#service, this.#position(), (frame) => this.#receive(frame));
    this.#socket = socket;
    void socket.closed.then(() => (this.#socket = undefined));
    return socket;
  }

  #position(): Position {
    if (this.#session === undefined || !this.#isKept) return {};
    return this.#lastSeq === 0 ? { session: this.#session } : { session: this.#session, after: this.#lastSeq };
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === 'ready') this.#begin(frame);
    if ('seq' in frame) {
      if (frame.seq <= this.#lastSeq && frame.type !== 'accepted') return;
      this.#lastSeq = Math.max(this.#lastSeq, frame.seq);
    }
    if (frame.type === 'accepted') this.#isKept = true;
    this.#running?.turn.receive(frame);
    if (frame.type === 'accepted' && this.#running?.signal.aborted === true) this.#cancel();
  }

  #begin({ session, resumed, last_seq: lastSeq }: Extract<ServerFrame, { type: 'ready' }>): void {
    this.#hasConnected = true;
    this.#session = session;
    if (!resumed) this.#lastSeq = lastSeq;
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  promise.catch(() => undefined); // most turns end before
  return promise;
}
