export type TextEvent = { readonly type: 'delta'; readonly text: string } | { readonly type: 'reset'; readonly text: string };

/**
 * The text of an answer as its reader has it, and as the service tells it. The two differ only while a service that lost
 * its memory tells again what the reader has already: then the reader is ahead, and gets nothing until it is caught up.
 */
export class AnswerText {
  #given = '';
  #told = '';

  /** The service says more. Returns what the reader has to be given for it. */
  append(text: string): TextEvent | undefined {
    const isInStep = this.#told.length === this.#given.length;
    this.#told += text;
    return isInStep ? this.#give(text) : this.#compare();
  }

  /** The service says what the text is so far. */
  restart(text: string): TextEvent | undefined {
    this.#told = text;
    return this.#compare();
  }

  /** The service says what the whole text is. */
  finish(text: string): TextEvent | undefined {
    this.#told = text;
    return text.startsWith(this.#given) ? this.#give(text.slice(this.#given.length)) : this.#reset();
  }

  #compare(): TextEvent | undefined {
    if (this.#given.startsWith(this.#told)) return undefined;
    return this.#told.startsWith(this.#given) ? this.#give(this.#told.slice(this.#given.length)) : this.#reset();
  }

  #give(text: string): TextEvent | undefined {
    this.#given = this.#told;
    return text === '' ? undefined : { type: 'delta', text };
  }

  #reset(): TextEvent {
    this.#given = this.#told;
    return { type: 'reset', text: this.#told };
  }
}
