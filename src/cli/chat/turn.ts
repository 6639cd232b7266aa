import { randomUUID } from 'node:crypto';
import type { AnswerEnd, AskOptions } from '#src/ports/answer.ts';
import type { ClientFrame, SnapshotTurn, Stage } from '#src/ports/frame.ts';
import { errorOf } from '../service-client.ts';
import type { ServerFrame } from './chat-socket.ts';

export interface TurnListener {
  /** The next piece of the answer. */
  text(piece: string): void;
  stage(stage: Stage): void;
}

/** The end of a turn, as the `answer-end` frame tells it. */
export type TurnEnd = AnswerEnd & { readonly turn: string };

/** One question and what has come of its answer, over as many connections as it takes. */
export class Turn {
  readonly ask: Extract<ClientFrame, { type: 'ask' }>;
  readonly #listener: TurnListener;
  readonly #ended = Promise.withResolvers<TurnEnd>();
  #id: string | undefined;
  /** The answer as the service has it so far. */
  #text = '';
  /** The answer as the listener has it so far. */
  #shown = '';

  constructor(question: string, options: AskOptions, listener: TurnListener) {
    this.ask = { type: 'ask', id: randomUUID(), question, options };
    this.#listener = listener;
    this.#ended.promise.catch(() => undefined); // whoever waits gets it; a turn that nobody waits for any more is no failure
  }

  /** The service's id of the turn, once it is accepted. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Rejects with the error that ended the turn instead of an answer. */
  get ended(): Promise<TurnEnd> {
    return this.#ended.promise;
  }

  receive(frame: ServerFrame): void {
    if (frame.type === 'accepted' && frame.id === this.ask.id) this.#id = frame.turn;
    if (frame.type === 'snapshot') this.#catchUp(frame.turns);
    if (frame.type === 'error') this.#refused(frame);
    if (!('turn' in frame) || frame.turn === undefined || frame.turn !== this.#id) return;
    if (frame.type === 'status') this.#listener.stage(frame.stage);
    if (frame.type === 'answer-delta') this.#show(this.#text + frame.text);
    if (frame.type === 'answer-end') this.#end(frame);
    if (frame.type === 'answer-error') this.#ended.reject(errorOf(frame.error));
  }

  /**
   * A service that came back from a crash may begin the answer anew: what the listener has of it is not given again, and
   * an answer that is now another one stands below the first.
   */
  #show(text: string): void {
    this.#text = text;
    if (this.#shown.startsWith(text)) return;
    this.#listener.text(text.startsWith(this.#shown) ? text.slice(this.#shown.length) : `\n\n${text}`);
    this.#shown = text;
  }

  #end(end: TurnEnd): void {
    this.#show(end.answer);
    this.#ended.resolve(end);
  }

  /** An error that names nothing is about the one question that this client has. One about a cancel changes nothing. */
  #refused({ id, turn, error }: Extract<ServerFrame, { type: 'error' }>): void {
    const isElse = (id !== undefined && id !== this.ask.id) || turn !== undefined;
    if (!isElse) this.#ended.reject(errorOf(error));
  }

  #catchUp(turns: readonly SnapshotTurn[]): void {
    const mine = turns.find(({ id }) => id === this.ask.id);
    if (mine === undefined) return;
    this.#id = mine.turn;
    this.#show(mine.text);
    if (mine.end === undefined) return;
    if ('error' in mine.end) this.#ended.reject(errorOf(mine.end.error));
    else this.#end({ ...mine.end, turn: mine.turn });
  }
}
