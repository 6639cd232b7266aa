import type { Answer, AnswerEnd, AnswerEvent, AnswerOptions, LoggedFrame, SnapshotTurn, SocketFrame } from './api.ts';
import { AnswerText } from './answer-text.ts';
import { BanyanError } from './banyan-error.ts';
import { EventQueue } from './event-queue.ts';

export interface AskFrame {
  readonly type: 'ask';
  readonly id: string;
  readonly question: string;
  readonly options: AnswerOptions;
}

type TurnFrame = Exclude<LoggedFrame, { readonly type: 'accepted' }> | Extract<SocketFrame, { readonly type: 'status' }>;

/** One question and what has come of its answer, over as many connections as it takes. */
export class RunningAnswer implements Answer {
  readonly id: string;
  /** The frame that asks. It is made once, so that the question asked again is the same one. */
  readonly ask: string;
  /** Whether the question was put on a connection that may still answer it. */
  isSent = false;
  /** Whether it was put on any: the service may know of it then. */
  wasSent = false;
  isCancelled = false;
  /** How often the service could not take the question. */
  refusals = 0;
  readonly #onCancel: () => void;
  readonly #text = new AnswerText();
  readonly #events: EventQueue;
  readonly #end = Promise.withResolvers<AnswerEnd>();
  #turn: string | undefined;
  #hasSources = false;
  #isIterated = false;
  #hasEnded = false;

  /**
   * Throws TypeError for options that JSON cannot hold.
   *
   * @param onCancel called once, when nobody wants the answer any more
   */
  constructor(ask: AskFrame, onCancel: () => void) {
    this.id = ask.id;
    this.ask = JSON.stringify(ask);
    this.#onCancel = onCancel;
    this.#events = new EventQueue(() => this.cancel());
    this.#end.promise.catch(() => undefined); // who waits for it gets it; who reads the events gets it there
  }

  get turn(): string | undefined {
    return this.#turn;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async text(): Promise<string> {
    return (await this.#end.promise).answer;
  }

  end(): Promise<AnswerEnd> {
    return this.#end.promise;
  }

  cancel(): void {
    if (this.#hasEnded || this.isCancelled) return;
    this.isCancelled = true;
    this.#onCancel();
  }

  [Symbol.asyncIterator](): AsyncIterator<AnswerEvent, undefined> {
    if (this.#isIterated) throw new TypeError('An answer can be iterated only once.');
    this.#isIterated = true;
    return this.#events;
  }

  accept(turn: string): void {
    if (this.#turn !== undefined) return;
    this.#turn = turn;
    this.#events.put({ type: 'accepted', id: this.id, turn });
  }

  receive(frame: TurnFrame): void {
    switch (frame.type) {
      case 'status':
        return this.#events.put({ type: 'status', stage: frame.stage });
      case 'sources':
        return this.#tellSources(frame.sources);
      case 'answer-start':
        return;
      case 'answer-delta':
        return this.#tell(this.#text.append(frame.text));
      case 'answer-end':
        return this.#finish(endOf(frame));
      case 'answer-error':
        return this.fail(new BanyanError(frame.error));
    }
  }

  /** Goes on from where the service says that the turn is. What the reader has already is not told again. */
  catchUp({ turn, text, sources, end }: SnapshotTurn): void {
    this.accept(turn);
    if (sources.length > 0) this.#tellSources(sources);
    if (end === undefined) this.#tell(this.#text.restart(text));
    else if ('error' in end) this.fail(new BanyanError(end.error));
    else this.#finish({ ...end, turn });
  }

  fail(error: BanyanError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#events.end(error);
    this.#end.reject(error);
  }

  #finish(end: AnswerEnd): void {
    if (this.#hasEnded) return;
    this.#tell(this.#text.finish(end.answer));
    this.#hasEnded = true;
    this.#events.put({ type: 'end', ...end });
    this.#events.end();
    this.#end.resolve(end);
  }

  #tellSources(sources: SnapshotTurn['sources']): void {
    if (this.#hasSources) return;
    this.#hasSources = true;
    this.#events.put({ type: 'sources', sources });
  }

  #tell(event: AnswerEvent | undefined): void {
    if (event !== undefined) this.#events.put(event);
  }
}

/** The fields that a frame has because it is one are left out. */
function endOf({ type: _type, seq: _seq, from: _from, ...end }: Extract<LoggedFrame, { readonly type: 'answer-end' }>): AnswerEnd {
  return end;
}
