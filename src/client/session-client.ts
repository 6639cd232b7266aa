import type { Answer, AskOptions, Banyan, ConnectOptions, ErrorBody, LoggedFrame, ServerFrame, SnapshotTurn, SocketFrame, Status } from './api.ts';
import { baseAddress, chatAddress, subprotocols } from './address.ts';
import { backoffMs } from './backoff.ts';
import { BanyanError, closedError, protocolError, unreachable } from './banyan-error.ts';
import { Connection } from './connection.ts';
import { sendFeedback } from './feedback.ts';
import { Listeners } from './listeners.ts';
import { LogPosition } from './log-position.ts';
import { RunningAnswer } from './running-answer.ts';
import { Timers } from './timers.ts';

const HEARTBEAT_MS = 10_000;
const MAX_ASK_ID_LENGTH = 128;
/** Refusals after which a question that the service could not take just then is given up. */
const MAX_REFUSALS = 10;
/** Refusals of a service that restarts, as a whole or in part: the client asks again by itself. */
const PASSING: ReadonlySet<string> = new Set(['DRAINING', 'ACTOR_DOWN', 'ASK_TIMEOUT']);
const CLOSE_UNKNOWN_SESSION = 4404;

/** One session with a service: its questions, and the connections that they outlive. */
export class SessionClient implements Banyan {
  readonly #options: ConnectOptions;
  readonly #base: URL;
  readonly #protocols: readonly string[];
  readonly #answers = new Map<string, RunningAnswer>();
  readonly #turns = new Map<string, RunningAnswer>();
  /** Turns that are to stop and have not ended yet. */
  readonly #cancelled = new Set<string>();
  readonly #statusListeners = new Listeners<Status>();
  readonly #frameListeners = new Listeners<ServerFrame>();
  readonly #timers = new Timers();
  #status: Status = { state: 'connecting' };
  #sessionKnown = Promise.withResolvers<string>();
  #session: string | undefined;
  /** Whether the service keeps the session: one that was never asked anything goes with its connection. */
  #isKept: boolean;
  #position: LogPosition;
  #connection: Connection | undefined;
  /** Whether all that was missed has come, so that what is missing now never reached the service. */
  #isCaughtUp = false;
  #caughtUpAtMs = 0;
  #attempt = 0;
  #lostAtMs = performance.now();
  /** The last error that named no question: a close that follows is for its sake. */
  #refusal: ErrorBody | undefined;
  #error: BanyanError | undefined;

  /** Throws TypeError for an address or a key that cannot be one. */
  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#base = baseAddress(options.url);
    this.#protocols = subprotocols(options.key);
    this.#session = options.session;
    this.#isKept = options.session !== undefined;
    this.#position = new LogPosition(options.session === undefined ? undefined : options.after);
    this.#expectSession();
  }

  get session(): Promise<string> {
    return this.#sessionKnown.promise;
  }

  get status(): Status {
    return this.#status;
  }

  ask(question: string, { id = randomId(), signal, ...options }: AskOptions = {}): Answer {
    if (id === '' || id.length > MAX_ASK_ID_LENGTH) throw new TypeError(`The id of a question has 1 to ${MAX_ASK_ID_LENGTH} characters.`);
    if (this.#answers.has(id)) throw new TypeError('A question with this id is being answered.');
    const answer = new RunningAnswer({ type: 'ask', id, question, options }, () => this.#stop(answer));
    if (this.#error !== undefined) {
      answer.fail(this.#error);
      return answer;
    }
    this.#answers.set(id, answer);
    this.#send(answer);
    if (signal?.aborted === true) answer.cancel();
    else signal?.addEventListener('abort', () => answer.cancel(), { once: true });
    return answer;
  }

  cancel(turn: string): void {
    if (this.#error !== undefined) return;
    this.#cancelled.add(turn);
    if (this.#isCaughtUp) this.#connection?.send({ type: 'cancel', turn });
  }

  async feedback(turn: string, rating: 'up' | 'down', comment?: string): Promise<void> {
    await sendFeedback(this.#base, this.#options.key, { turn, rating, ...(comment === undefined ? {} : { comment }) });
  }

  onStatus(listener: (status: Status) => void): () => void {
    const stop = this.#statusListeners.add(listener);
    listener(this.#status);
    return stop;
  }

  onFrame(listener: (frame: ServerFrame) => void): () => void {
    return this.#frameListeners.add(listener);
  }

  close(): void {
    this.#finish(closedError());
  }

  open(): void {
    const place = { session: this.#session, after: this.#position.after };
    const isNew = place.session === undefined;
    this.#refusal = undefined;
    this.#become({ state: 'connecting' });
    if (this.#error !== undefined) return;
    this.#connection = new Connection({
      url: chatAddress(this.#base, place),
      protocols: this.#protocols,
      WebSocket: this.#options.WebSocket ?? WebSocket,
      heartbeatMs: this.#options.heartbeatMs ?? HEARTBEAT_MS,
      onFrame: (frame) => this.#receive(frame, isNew),
      onLost: (closeCode) => this.#lost(closeCode),
    });
  }

  #receive(frame: ServerFrame, isNew: boolean): void {
    switch (frame.type) {
      case 'ready':
        this.#begin(frame, isNew);
        break;
      case 'pong':
        this.#catchUp();
        break;
      case 'snapshot':
        this.#position.takeSnapshot();
        this.#showSnapshot(frame.turns);
        break;
      case 'error':
        this.#refuse(frame);
        break;
      case 'status':
        this.#turns.get(frame.turn)?.receive(frame);
        break;
      case 'stats':
        break;
      default:
        if (!this.#take(frame)) return;
    }
    this.#frameListeners.tell(frame);
  }

  #begin(ready: Extract<SocketFrame, { readonly type: 'ready' }>, isNew: boolean): void {
    this.#session = ready.session;
    this.#position.begin(ready, isNew);
    this.#sessionKnown.resolve(ready.session);
    if (isNew) this.#catchUp();
    else this.#connection?.send({ type: 'ping' }); // what was missed comes before its pong
  }

  #catchUp(): void {
    if (this.#isCaughtUp || this.#session === undefined) return;
    this.#isCaughtUp = true;
    this.#caughtUpAtMs = performance.now();
    this.#position.caughtUp();
    for (const answer of this.#answers.values()) this.#send(answer);
    for (const turn of this.#cancelled) this.#connection?.send({ type: 'cancel', turn });
    this.#become({ state: 'online', session: this.#session });
  }

  /** Whether the frame is the next one of the log. */
  #take(frame: LoggedFrame): boolean {
    const taken = this.#position.take(frame);
    if (taken === 'gap') this.#connection?.drop();
    if (taken === 'known' && frame.type === 'accepted') this.#acceptEarlier(frame.id, frame.turn);
    if (taken !== 'fresh') return false;
    this.#isKept = true;
    this.#attempt = 0;
    this.#log(frame);
    return true;
  }

  /** A question that was asked with this id before this client came: what has become of it, only a snapshot tells. */
  #acceptEarlier(id: string, turn: string): void {
    const answer = this.#answers.get(id);
    if (answer === undefined || answer.turn !== undefined) return;
    this.#isKept = true;
    this.#accept(id, turn);
    this.#position.forget();
    this.#connection?.drop();
  }

  #log(frame: LoggedFrame): void {
    if (frame.type === 'accepted') return this.#accept(frame.id, frame.turn);
    const answer = this.#turns.get(frame.turn);
    answer?.receive(frame);
    if (frame.type !== 'answer-end' && frame.type !== 'answer-error') return;
    this.#cancelled.delete(frame.turn);
    if (answer !== undefined) this.#forget(answer);
  }

  #accept(id: string, turn: string): void {
    const answer = this.#answers.get(id);
    if (answer === undefined || answer.turn !== undefined) return;
    this.#turns.set(turn, answer);
    answer.accept(turn);
    if (answer.isCancelled) this.cancel(turn);
  }

  #showSnapshot(turns: readonly SnapshotTurn[]): void {
    const told = new Map(turns.map((turn) => [turn.id, turn]));
    for (const answer of this.#answers.values()) {
      const turn = told.get(answer.id);
      if (turn !== undefined) this.#showTurn(answer, turn);
      else if (answer.turn !== undefined) this.#fail(answer, protocolError('The service does not know the turn any more.'));
    }
  }

  #showTurn(answer: RunningAnswer, turn: SnapshotTurn): void {
    this.#accept(turn.id, turn.turn);
    answer.catchUp(turn);
    if (answer.hasEnded) this.#forget(answer);
  }

  #refuse({ id, turn, error }: Extract<SocketFrame, { readonly type: 'error' }>): void {
    if (turn !== undefined) this.#cancelled.delete(turn);
    else if (id === undefined) this.#refusal = error;
    else this.#refuseAsk(id, error);
  }

  /** A refusal of a question that was accepted before is about its repetition. */
  #refuseAsk(id: string, error: ErrorBody): void {
    const answer = this.#answers.get(id);
    if (answer === undefined || answer.turn !== undefined) return;
    answer.isSent = false;
    answer.refusals += 1;
    if (!PASSING.has(error.code) || answer.refusals > MAX_REFUSALS) return this.#fail(answer, new BanyanError(error));
    this.#timers.start(this.#pauseMs(answer.refusals, error.retry_after_ms), () => this.#send(answer));
  }

  /** Asks, unless the service knows of the question or cannot be told now. */
  #send(answer: RunningAnswer): void {
    if (!this.#isCaughtUp || answer.hasEnded || answer.isSent || answer.turn !== undefined) return;
    answer.isSent = true;
    this.#connection?.send(answer.ask);
  }

  #stop(answer: RunningAnswer): void {
    if (answer.turn !== undefined) this.cancel(answer.turn);
  }

  #lost(closeCode: number): void {
    this.#connection = undefined;
    if (this.#isCaughtUp) {
      this.#lostAtMs = performance.now();
      if (this.#lostAtMs - this.#caughtUpAtMs > (this.#options.heartbeatMs ?? HEARTBEAT_MS)) this.#attempt = 0;
    }
    this.#isCaughtUp = false;
    if (closeCode === CLOSE_UNKNOWN_SESSION && !this.#isKept) this.#beginAnew();
    else if (closeCode >= 4400 && closeCode < 4500) return this.#finish(new BanyanError(this.#refusal ?? REFUSED));
    else if (isOurFault(closeCode)) this.#failSent(this.#refusal);
    for (const answer of this.#answers.values()) answer.isSent = false;
    this.#wait();
  }

  /** The session went with its connection, before anything was asked in it. */
  #beginAnew(): void {
    this.#session = undefined;
    this.#position = new LogPosition(undefined);
    this.#expectSession();
  }

  #expectSession(): void {
    this.#sessionKnown = Promise.withResolvers();
    this.#sessionKnown.promise.catch(() => undefined); // who does not ask for it gets the error elsewhere
  }

  /** What broke the rules of the service would do so again. */
  #failSent(error: ErrorBody = REFUSED): void {
    for (const answer of this.#answers.values()) {
      if (answer.isSent && answer.turn === undefined) this.#fail(answer, new BanyanError(error));
    }
  }

  #wait(): void {
    const retryInMs = this.#pauseMs(this.#attempt, this.#refusal?.retry_after_ms);
    const { giveUpMs } = this.#options;
    if (giveUpMs !== undefined && performance.now() + retryInMs - this.#lostAtMs > giveUpMs) {
      return this.#finish(this.#refusal === undefined ? unreachable() : new BanyanError(this.#refusal));
    }
    this.#attempt += 1;
    this.#timers.start(retryInMs, () => this.open());
    this.#become({ state: 'waiting', attempt: this.#attempt, retryInMs });
  }

  #pauseMs(attempt: number, wantedMs = 0): number {
    return Math.max(backoffMs(attempt, Math.random()), wantedMs);
  }

  #fail(answer: RunningAnswer, error: BanyanError): void {
    this.#forget(answer);
    answer.fail(error);
  }

  #forget(answer: RunningAnswer): void {
    this.#answers.delete(answer.id);
    if (answer.turn === undefined) return;
    this.#turns.delete(answer.turn);
    this.#cancelled.delete(answer.turn);
  }

  #finish(error: BanyanError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#isCaughtUp = false;
    this.#timers.clear();
    this.#connection?.close();
    this.#sessionKnown.reject(error);
    for (const answer of this.#answers.values()) this.#fail(answer, error);
    this.#become({ state: 'ended', error });
  }

  #become(status: Status): void {
    this.#status = status;
    this.#statusListeners.tell(status);
  }
}

const REFUSED: ErrorBody = { code: 'UNEXPECTED', message: 'The service refused the connection.', retryable: false };

/** 1007, 1008, 1009: no text, too many frames, a frame too large (docs/protocol.md). */
function isOurFault(closeCode: number): boolean {
  return closeCode >= 1007 && closeCode <= 1009;
}

/** `crypto.randomUUID` is missing on pages that came over plain HTTP. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
