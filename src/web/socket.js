/**
 * The socket to the service: it comes back by itself, notices a silent line, and says honestly how it stands.
 *
 * @import { ChatSocketOptions, ClientFrame, Connection, ServerFrame } from './types.ts'
 */

/** Spoken by both sides; design of the frames: docs/protocol.md. */
const SUBPROTOCOL = 'banyan.v1';
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 15_000;
const LISTEN_EVERY_MS = 5_000;
const PING_AFTER_MS = 8_000;
const DEAD_AFTER_MS = 20_000;
const CLOSE_INVALID_ADDRESS = 4400;
const CLOSE_UNKNOWN_IDENTITY = 4401;
const CLOSE_UNKNOWN_SESSION = 4404;

/**
 * How long to wait before the next attempt: doubling, capped, at least half of it, the rest by chance, so that the
 * clients of a restarted service do not all come at once.
 *
 * @param {number} attempt attempts that failed before, from 0
 * @param {number} random from 0 to 1
 * @returns {number}
 */
export function reconnectDelayMs(attempt, random) {
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + random / 2);
}

/**
 * The address of the chat.
 *
 * @param {{ protocol: string, host: string }} location of the page
 * @param {string | null} session null begins a new one
 * @param {number} after the last number of its log that is known
 * @returns {string}
 */
export function chatUrl({ protocol, host }, session, after) {
  const url = new URL(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/ws`);
  if (session !== null) url.search = new URLSearchParams({ session, after: String(after) }).toString();
  return url.href;
}

export class ChatSocket {
  /** @type {ChatSocketOptions} */
  #options;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {Connection} */
  #connection = { state: 'connecting' };
  /** A socket that was given up may still close or speak; nobody listens then. */
  #listeners = new AbortController();
  #attempt = 0;
  #heardAtMs = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #listening;

  /** @param {ChatSocketOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get isOnline() {
    return this.#connection.state === 'online';
  }

  /** Connects now, whatever was going on. */
  open() {
    this.close();
    this.#become({ state: 'connecting' });
    this.#heardAtMs = Date.now();
    const socket = new WebSocket(this.#options.url(), [SUBPROTOCOL]);
    const { signal } = this.#listeners;
    socket.addEventListener('message', ({ data }) => this.#hear(data), { signal });
    socket.addEventListener('close', ({ code }) => this.#lose(code), { signal });
    this.#socket = socket;
    this.#listening = setInterval(() => this.#listen(), LISTEN_EVERY_MS);
  }

  /** Ends the socket and every attempt. */
  close() {
    clearTimeout(this.#retry);
    clearInterval(this.#listening);
    this.#listeners.abort();
    this.#listeners = new AbortController();
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Gives the line up and waits for the next attempt, as after a loss. */
  drop() {
    this.close();
    this.#waitForRetry();
  }

  /**
   * @param {ClientFrame} frame
   * @returns {boolean} false when there is no line: nothing was sent then
   */
  send(frame) {
    if (!this.isOnline || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** @param {string} data */
  #hear(data) {
    this.#heardAtMs = Date.now();
    const frame = parse(data);
    if (frame === undefined) return this.drop();
    if (frame.type === 'ready') {
      this.#attempt = 0;
      this.#become({ state: 'online' });
    }
    this.#options.onFrame(frame);
  }

  /** @param {number} closeCode */
  #lose(closeCode) {
    this.close();
    if (closeCode === CLOSE_UNKNOWN_IDENTITY) return this.#become({ state: 'refused' });
    if (closeCode === CLOSE_UNKNOWN_SESSION || closeCode === CLOSE_INVALID_ADDRESS) this.#options.onAddressRefused(closeCode);
    this.#waitForRetry();
  }

  #waitForRetry() {
    const delayMs = reconnectDelayMs(this.#attempt, (this.#options.random ?? Math.random)());
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.open(), delayMs);
    this.#become({ state: 'waiting', retryAtMs: Date.now() + delayMs });
  }

  /** A line can die without a word, by a sleeping laptop or a lost network. */
  #listen() {
    const silentMs = Date.now() - this.#heardAtMs;
    if (silentMs >= DEAD_AFTER_MS) this.drop();
    else if (silentMs >= PING_AFTER_MS) this.send({ type: 'ping' });
  }

  /** @param {Connection} connection */
  #become(connection) {
    this.#connection = connection;
    this.#options.onConnection(connection);
  }
}

/**
 * @param {string} data
 * @returns {ServerFrame | undefined} undefined for what no service of ours says
 */
function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
