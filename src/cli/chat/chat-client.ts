import type { Answer, Banyan, ErrorBody, Status } from '#src/client/api.ts';
import { BanyanError, connect } from '#src/client/client.ts';
import type { ErrorBody as KnownErrorBody } from '#src/errors.ts';
import type { AskOptions } from '#src/ports/answer.ts';
import type { Stage } from '#src/ports/frame.ts';
import { Failure } from '../failure.ts';
import { errorOf, unreachable } from '../service-client.ts';
import type { TurnEnd, TurnListener } from './turn.ts';

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
/** Far above what the service takes, and below what a line of HTTP may hold. */
const MAX_SESSION_LENGTH = 1024;

/** A chat in the terminal: one question at a time, a service that is not there is an error, one that was there is waited for. */
export class ChatClient {
  readonly #options: ChatClientOptions;
  #banyan: Banyan | undefined;
  #session: string | undefined;
  #hasConnected = false;
  /** What the service said before it closed the connection. */
  #refusal: ErrorBody | undefined;
  #outage: NodeJS.Timeout | undefined;
  /** Gives up what is being waited for; undefined while nobody waits. */
  #giveUp: ((error: Error) => void) | undefined;

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.#session = options.session;
  }

  get session(): string | undefined {
    return this.#session;
  }

  /** Rejects with Unreachable, or SESSION_NOT_FOUND. */
  async connect(): Promise<void> {
    await this.#unlessGivenUp(this.#open());
  }

  /**
   * Asks, one question at a time. Resolves with the end of the answer, its text given to the listener before. A lost
   * connection is taken up again for half a minute. Rejects with the error of the service, Unreachable, or AbortError
   * when a cancel is not confirmed.
   */
  async ask({ question, options, listener, signal }: AskRequest): Promise<TurnEnd> {
    const abandoned = new AbortController();
    let patience: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      const give = (): void => this.#giveUp?.(new DOMException('The cancel was not confirmed.', 'AbortError'));
      patience = setTimeout(give, CANCEL_TIMEOUT_MS).unref();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      const wanted = { ...options, signal: AbortSignal.any([signal, abandoned.signal]) };
      return await this.#unlessGivenUp(this.#open().then((banyan) => read(banyan.ask(question, wanted), listener)));
    } finally {
      abandoned.abort(); // what was given up is not answered later; what has ended stays as it is
      clearTimeout(patience);
      signal.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    clearTimeout(this.#outage);
    this.#banyan?.close();
    this.#banyan = undefined;
  }

  async #unlessGivenUp<Result>(work: Promise<Result>): Promise<Result> {
    const givenUp = Promise.withResolvers<never>();
    this.#giveUp = givenUp.reject;
    try {
      return await Promise.race([work, givenUp.promise]);
    } catch (error) {
      throw error instanceof BanyanError ? asFailure(error) : error;
    } finally {
      this.#giveUp = undefined;
    }
  }

  async #open(): Promise<Banyan> {
    const session = this.#session;
    if ((session?.length ?? 0) > MAX_SESSION_LENGTH) throw new Failure('The id of the session is too long.');
    this.#banyan ??= this.#connect(session);
    this.#session = await this.#banyan.session;
    return this.#banyan;
  }

  #connect(session: string | undefined): Banyan {
    const banyan = connect({ url: this.#options.service, ...(session === undefined ? {} : { session }) });
    banyan.onFrame((frame) => {
      if (frame.type === 'error') this.#refusal = frame.error;
      if (frame.type === 'ready') this.#session = frame.session;
    });
    banyan.onStatus((status) => this.#follow(status));
    return banyan;
  }

  #follow({ state }: Status): void {
    if (state === 'online') {
      this.#hasConnected = true;
      clearTimeout(this.#outage);
      this.#outage = undefined;
    }
    if (state !== 'waiting') return;
    if (!this.#hasConnected) return this.#neverReached();
    if (this.#giveUp !== undefined) this.#options.onReconnect?.();
    this.#outage ??= setTimeout(() => this.#gone(), GIVE_UP_AFTER_MS);
  }

  #neverReached(): void {
    this.#giveUp?.(this.#refusal === undefined ? this.#unreachable() : errorOf(this.#refusal as KnownErrorBody));
    this.close();
  }

  /** Gives the question up and not the service: the next one may find it again. */
  #gone(): void {
    this.#outage = undefined;
    this.#giveUp?.(this.#unreachable());
  }

  #unreachable(): Error {
    return unreachable(this.#options.service);
  }
}

/** An answer that is now another one stands below what was shown. */
async function read(answer: Answer, listener: TurnListener): Promise<TurnEnd> {
  for await (const event of answer) {
    if (event.type === 'status') listener.stage(event.stage as Stage);
    if (event.type === 'delta') listener.text(event.text);
    if (event.type === 'reset') listener.text(`\n\n${event.text}`);
  }
  return (await answer.end()) as TurnEnd;
}

function asFailure({ code, message, retryable, retryAfterMs, details }: BanyanError): Error {
  if (code === 'CANCELLED') return new DOMException(message, 'AbortError');
  const body = { code, message, retryable, details, ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }) };
  return errorOf(body as KnownErrorBody);
}
