import type { AnswerEvent } from './api.ts';

/** Events between an answer and its reader, in order. Pieces of text that wait are joined, so a slow reader costs no more than the text. */
export class EventQueue implements AsyncIterator<AnswerEvent, undefined> {
  readonly #onLeave: () => void;
  #waiting: AnswerEvent[] = [];
  #readers: PromiseWithResolvers<IteratorResult<AnswerEvent, undefined>>[] = [];
  #hasEnded = false;
  #error: Error | undefined;

  /** @param onLeave called when the reader leaves before the end */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  put(event: AnswerEvent): void {
    if (this.#hasEnded) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: event });
    const last = this.#waiting.at(-1);
    if (event.type === 'delta' && (last?.type === 'delta' || last?.type === 'reset')) {
      this.#waiting[this.#waiting.length - 1] = { type: last.type, text: last.text + event.text };
    } else {
      this.#waiting.push(event);
    }
  }

  /** No more events. The reader gets those that wait, then the end or the error. */
  end(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
  }

  next(): Promise<IteratorResult<AnswerEvent, undefined>> {
    const reader = Promise.withResolvers<IteratorResult<AnswerEvent, undefined>>();
    const event = this.#waiting.shift();
    if (event !== undefined) reader.resolve({ done: false, value: event });
    else if (this.#hasEnded) this.#finish(reader);
    else this.#readers.push(reader);
    return reader.promise;
  }

  return(): Promise<IteratorResult<AnswerEvent, undefined>> {
    const isEarly = !this.#hasEnded;
    this.#waiting = [];
    this.#error = undefined;
    this.end();
    if (isEarly) this.#onLeave();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The error is thrown once: an iterator that has thrown is at its end. */
  #finish(reader: PromiseWithResolvers<IteratorResult<AnswerEvent, undefined>>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }
}
