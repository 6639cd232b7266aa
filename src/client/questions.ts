import type { ErrorBody, LoggedFrame, SnapshotTurn, SocketFrame } from './api.ts';
import { askAgainMs } from './backoff.ts';
import { BanyanError, cancelledError, protocolError } from './banyan-error.ts';
import type { RunningAnswer } from './running-answer.ts';
import { Timers } from './timers.ts';

/** Refusals after which what the service could not do just then is given up. */
const MAX_REFUSALS = 10;
/** Refusals of a service that restarts, as a whole or in part: the client asks again by itself. */
const PASSING: ReadonlySet<string> = new Set(['DRAINING', 'ACTOR_DOWN', 'ASK_TIMEOUT']);
/** A service that is there confirms a cancel within 100 ms. */
const CANCEL_TIMEOUT_MS = 5000;

type TurnFrame = LoggedFrame | Extract<SocketFrame, { readonly type: 'status' }>;

/**
 * The questions that have not ended, and the turns that are to stop. What the service has not confirmed is sent again on
 * each connection, until it has.
 */
export class Questions {
  readonly #send: (json: string) => void;
  readonly #byId = new Map<string, RunningAnswer>();
  readonly #byTurn = new Map<string, RunningAnswer>();
  /** Turns that are to stop and have not ended yet, with how often the service could not stop them. */
  readonly #cancelled = new Map<string, number>();
  readonly #timers = new Timers();
  #isOnline = false;

  /** @param send puts a frame on the connection; called only between `online` and `offline` */
  constructor(send: (json: string) => void) {
    this.#send = send;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  add(answer: RunningAnswer): void {
    this.#byId.set(answer.id, answer);
    this.#ask(answer);
  }

  /** Nobody wants the answer any more. A question that the service may know of is stopped there as soon as it can be. */
  stop(answer: RunningAnswer): void {
    if (!answer.wasSent) return this.#fail(answer, cancelledError('The question was cancelled before it was asked.'));
    if (answer.turn !== undefined) this.cancel(answer.turn);
    this.#timers.start(CANCEL_TIMEOUT_MS, () => answer.fail(cancelledError('The question was cancelled; the service has not confirmed it yet.')));
  }

  cancel(turn: string): void {
    this.#cancelled.set(turn, 0);
    this.#sendCancel(turn);
  }

  /** All that was missed has come, so what is missing now never reached the service. */
  online(): void {
    this.#isOnline = true;
    for (const answer of this.#byId.values()) this.#ask(answer);
    for (const turn of this.#cancelled.keys()) this.#sendCancel(turn);
  }

  offline(): void {
    this.#isOnline = false;
    for (const answer of this.#byId.values()) answer.isSent = false;
  }

  /** Whether the question is one of these, and was not known to be accepted. */
  accept(id: string, turn: string): boolean {
    const answer = this.#byId.get(id);
    if (answer === undefined || answer.turn !== undefined) return false;
    this.#byTurn.set(turn, answer);
    answer.accept(turn);
    if (answer.isCancelled) this.cancel(turn);
    return true;
  }

  receive(frame: TurnFrame): void {
    if (frame.type === 'accepted') return void this.accept(frame.id, frame.turn);
    const answer = this.#byTurn.get(frame.turn);
    answer?.receive(frame);
    if (frame.type !== 'answer-end' && frame.type !== 'answer-error') return;
    this.#cancelled.delete(frame.turn);
    if (answer !== undefined) this.#forget(answer);
  }

  showSnapshot(turns: readonly SnapshotTurn[]): void {
    const told = new Map(turns.map((turn) => [turn.id, turn]));
    for (const answer of this.#byId.values()) {
      const turn = told.get(answer.id);
      if (turn !== undefined) this.#showTurn(answer, turn);
      else if (answer.turn !== undefined) this.#fail(answer, protocolError('The service does not know the turn any more.'));
    }
  }

  /** A refusal of a question that was accepted before is about its repetition. */
  refuseAsk(id: string, error: ErrorBody): void {
    const answer = this.#byId.get(id);
    if (answer === undefined || answer.turn !== undefined) return;
    answer.isSent = false;
    answer.refusals += 1;
    if (!isPassing(error, answer.refusals)) return this.#fail(answer, new BanyanError(error));
    this.#timers.start(pauseMs(answer.refusals, error), () => this.#ask(answer));
  }

  refuseCancel(turn: string, error: ErrorBody): void {
    const refusals = (this.#cancelled.get(turn) ?? MAX_REFUSALS) + 1;
    if (!isPassing(error, refusals)) return void this.#cancelled.delete(turn);
    this.#cancelled.set(turn, refusals);
    this.#timers.start(pauseMs(refusals, error), () => this.#sendCancel(turn));
  }

  /** What was asked on this connection broke the rules of the service, and would do so again. */
  failSent(error: BanyanError): void {
    for (const answer of this.#unconfirmed()) this.#fail(answer, error);
  }

  /** One of the questions was too large: the largest, if any. */
  failLargest(error: BanyanError): void {
    const [largest] = this.#unconfirmed().sort((one, other) => other.ask.length - one.ask.length);
    if (largest !== undefined) this.#fail(largest, error);
  }

  close(error: BanyanError): void {
    this.#isOnline = false;
    this.#timers.clear();
    for (const answer of this.#byId.values()) this.#fail(answer, error);
  }

  #unconfirmed(): RunningAnswer[] {
    return [...this.#byId.values()].filter(({ isSent, turn }) => isSent && turn === undefined);
  }

  #ask(answer: RunningAnswer): void {
    if (!this.#isOnline || answer.isSent || answer.turn !== undefined || this.#byId.get(answer.id) !== answer) return;
    answer.isSent = true;
    answer.wasSent = true;
    this.#send(answer.ask);
  }

  #sendCancel(turn: string): void {
    if (this.#isOnline && this.#cancelled.has(turn)) this.#send(JSON.stringify({ type: 'cancel', turn }));
  }

  #showTurn(answer: RunningAnswer, turn: SnapshotTurn): void {
    this.accept(turn.id, turn.turn);
    answer.catchUp(turn);
    if (turn.end !== undefined) this.#forget(answer);
  }

  #fail(answer: RunningAnswer, error: BanyanError): void {
    this.#forget(answer);
    answer.fail(error);
  }

  #forget(answer: RunningAnswer): void {
    this.#byId.delete(answer.id);
    if (answer.turn === undefined) return;
    this.#byTurn.delete(answer.turn);
    this.#cancelled.delete(answer.turn);
  }
}

function isPassing({ code }: ErrorBody, refusals: number): boolean {
  return PASSING.has(code) && refusals <= MAX_REFUSALS;
}

function pauseMs(refusals: number, { retry_after_ms: wantedMs }: ErrorBody): number {
  return askAgainMs(refusals, Math.random(), wantedMs);
}
