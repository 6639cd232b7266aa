import type { Answer, AskOptions, Banyan, ConnectOptions, ErrorBody, LoggedFrame, ServerFrame, SocketFrame, Statistics, Status } from './api.ts';
import { baseAddress, chatAddress, subprotocols } from './address.ts';
import { BanyanError, closedError, unreachable } from './banyan-error.ts';
import { PING } from './connection.ts';
import { sendFeedback } from './feedback.ts';
import { Listeners } from './listeners.ts';
import { LogPosition } from './log-position.ts';
import { Questions } from './questions.ts';
import { ReconnectingConnection } from './reconnecting-connection.ts';
import { RunningAnswer } from './running-answer.ts';

const HEARTBEAT_MS = 10_000;
const MAX_ASK_ID_LENGTH = 128;
/** Closes for the sake of what the client sent, see docs/protocol.md. */
const CLOSE_NOT_TEXT = 1007;
const CLOSE_FLOOD = 1008;
const CLOSE_TOO_LARGE = 1009;
const CLOSE_UNKNOWN_SESSION = 4404;

type Ready = Extract<SocketFrame, { readonly type: 'ready' }>;

/** One session with a service: where it is in its log, and what it is told. */
export class SessionClient implements Banyan {
  readonly #base: URL;
  readonly #key: string | undefined;
  readonly #connection: ReconnectingConnection;
  readonly #questions: Questions;
  readonly #statusListeners = new Listeners<Status>();
  readonly #frameListeners = new Listeners<ServerFrame>();
  readonly #statisticsListeners = new Listeners<Statistics>();
  #status: Status = { state: 'connecting' };
  #sessionKnown = namedLater();
  #session: string | undefined;
  /** Whether the service keeps the session: one that was never asked anything goes with its connection. */
  #isKept: boolean;
  #position: LogPosition;
  /** Whether this connection began the session. */
  #isNew = false;
  /** Whether the service has said on this connection where the session is. */
  #isReady = false;
  /** Whether all that was missed has come. */
  #isCaughtUp = false;
  #error: BanyanError | undefined;

  /** Throws TypeError for an address or a key that cannot be one. */
  constructor({ url, key, session, after, giveUpMs, heartbeatMs = HEARTBEAT_MS, WebSocket = globalThis.WebSocket }: ConnectOptions) {
    this.#base = baseAddress(url);
    this.#key = key;
    this.#session = session;
    this.#isKept = session !== undefined;
    this.#position = new LogPosition(session === undefined ? undefined : after);
    this.#connection = new ReconnectingConnection({
      protocols: subprotocols(key),
      WebSocket,
      heartbeatMs,
      giveUpMs,
      address: () => chatAddress(this.#base, { session: this.#session, after: this.#position.after }),
      onConnecting: () => this.#connecting(),
      onFrame: (frame) => this.#receive(frame),
      onLost: (closeCode, refusal) => this.#lost(closeCode, refusal),
      onWaiting: (attempt, retryInMs) => this.#become({ state: 'waiting', attempt, retryInMs }),
      onGivenUp: (refusal) => this.#finish(refusal === undefined ? unreachable() : new BanyanError(refusal)),
    });
    this.#questions = new Questions((json) => this.#connection.send(json));
  }

  open(): void {
    this.#connection.open();
  }

  get session(): Promise<string> {
    return this.#sessionKnown.promise;
  }

  get status(): Status {
    return this.#status;
  }

  ask(question: string, { id = randomId(), signal, ...options }: AskOptions = {}): Answer {
    if (id === '' || id.length > MAX_ASK_ID_LENGTH) throw new TypeError(`The id of a question has 1 to ${MAX_ASK_ID_LENGTH} characters.`);
    if (this.#questions.has(id)) throw new TypeError('A question with this id is being answered.');
    const answer = new RunningAnswer({ type: 'ask', id, question, options }, () => this.#questions.stop(answer));
    if (this.#error !== undefined) answer.fail(this.#error);
    if (signal !== undefined) cancelBy(signal, answer);
    if (!answer.hasEnded) this.#questions.add(answer);
    return answer;
  }

  cancel(turn: string): void {
    if (this.#error === undefined) this.#questions.cancel(turn);
  }

  async feedback(turn: string, rating: 'up' | 'down', comment?: string): Promise<void> {
    await sendFeedback(this.#base, this.#key, { turn, rating, ...(comment === undefined ? {} : { comment }) });
  }

  onStatus(listener: (status: Status) => void): () => void {
    this.#statusListeners.add(listener);
    listener(this.#status);
    return () => this.#statusListeners.remove(listener);
  }

  onFrame(listener: (frame: ServerFrame) => void): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.remove(listener);
  }

  onStatistics(listener: (statistics: Statistics) => void): () => void {
    if (this.#statisticsListeners.isEmpty) this.#subscribeStatistics(true);
    this.#statisticsListeners.add(listener);
    return () => {
      this.#statisticsListeners.remove(listener);
      if (this.#statisticsListeners.isEmpty) this.#subscribeStatistics(false);
    };
  }

  reconnect(): void {
    this.#connection.open();
  }

  close(): void {
    this.#finish(closedError());
  }

  #connecting(): void {
    this.#isNew = this.#session === undefined;
    this.#isReady = false;
    this.#become({ state: 'connecting' });
  }

  #receive(frame: ServerFrame): void {
    switch (frame.type) {
      case 'ready':
        if (this.#isReady) return this.#connection.drop(); // no service says it twice
        this.#begin(frame);
        break;
      case 'pong':
        this.#catchUp();
        break;
      case 'snapshot':
        this.#position.takeSnapshot();
        this.#questions.showSnapshot(frame.turns);
        break;
      case 'error':
        if (frame.turn !== undefined) this.#questions.refuseCancel(frame.turn, frame.error);
        else if (frame.id !== undefined) this.#questions.refuseAsk(frame.id, frame.error);
        break;
      case 'status':
        this.#questions.receive(frame);
        break;
      case 'stats':
        this.#statisticsListeners.tell(frame);
        break;
      default:
        if (!this.#take(frame)) return;
    }
    this.#frameListeners.tell(frame);
  }

  #begin(ready: Ready): void {
    this.#isReady = true;
    this.#session = ready.session;
    this.#position.begin(ready, this.#isNew);
    this.#sessionKnown.resolve(ready.session);
    if (this.#isNew) this.#catchUp();
    else this.#connection.send(PING); // what was missed comes before its pong
  }

  #catchUp(): void {
    if (this.#isCaughtUp || this.#session === undefined) return;
    this.#isCaughtUp = true;
    this.#position.caughtUp();
    this.#connection.serves();
    this.#questions.online();
    if (!this.#statisticsListeners.isEmpty) this.#subscribeStatistics(true);
    this.#become({ state: 'online', session: this.#session });
  }

  /** Whether the frame is the next one of the log. */
  #take(frame: LoggedFrame): boolean {
    const taken = this.#position.take(frame);
    if (taken === 'gap') this.#fetchMissing();
    if (taken === 'known' && frame.type === 'accepted') this.#acceptEarlier(frame.id, frame.turn);
    if (taken !== 'fresh') return false;
    this.#isKept = true;
    this.#connection.progress();
    this.#questions.receive(frame);
    return true;
  }

  /** A log that is resumed with a hole in it would be so again: then only a snapshot helps. */
  #fetchMissing(): void {
    if (!this.#isCaughtUp) this.#position.forget();
    this.#connection.drop();
  }

  /** A question that was asked with this id before this client came: what has become of it, only a snapshot tells. */
  #acceptEarlier(id: string, turn: string): void {
    if (!this.#questions.accept(id, turn)) return;
    this.#isKept = true;
    this.#position.forget();
    this.#connection.drop();
  }

  #subscribeStatistics(isWanted: boolean): void {
    if (this.#isCaughtUp) this.#connection.send(JSON.stringify({ type: 'stats', subscribe: isWanted }));
  }

  #lost(closeCode: number, refusal: ErrorBody = REFUSED): void {
    this.#isCaughtUp = false;
    if (closeCode === CLOSE_UNKNOWN_SESSION && !this.#isKept) this.#beginAnew();
    else if (closeCode >= 4400 && closeCode < 4500) return this.#finish(new BanyanError(refusal));
    else if (closeCode === CLOSE_TOO_LARGE) this.#questions.failLargest(new BanyanError(refusal));
    else if (closeCode === CLOSE_NOT_TEXT || closeCode === CLOSE_FLOOD) this.#questions.failSent(new BanyanError(refusal));
    this.#questions.offline();
  }

  /** The session went with its connection, before anything was asked in it. */
  #beginAnew(): void {
    this.#session = undefined;
    this.#position = new LogPosition(undefined);
    this.#sessionKnown = namedLater();
  }

  #finish(error: BanyanError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#isCaughtUp = false;
    this.#connection.close();
    this.#sessionKnown.reject(error);
    this.#questions.close(error);
    this.#become({ state: 'ended', error });
  }

  #become(status: Status): void {
    this.#status = status;
    this.#statusListeners.tell(status);
  }
}

const REFUSED: ErrorBody = { code: 'UNEXPECTED', message: 'The service refused the connection.', retryable: false };

function namedLater(): PromiseWithResolvers<string> {
  const session = Promise.withResolvers<string>();
  session.promise.catch(() => undefined); // who does not ask for it gets the error elsewhere
  return session;
}

function cancelBy(signal: AbortSignal, answer: RunningAnswer): void {
  if (signal.aborted) return answer.cancel();
  const cancel = (): void => answer.cancel();
  const forget = (): void => signal.removeEventListener('abort', cancel);
  signal.addEventListener('abort', cancel);
  answer.end().then(forget, forget);
}

/** `crypto.randomUUID` is missing on pages that came over plain HTTP. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
