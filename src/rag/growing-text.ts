/** Pieces are joined when there are so many of them: each costs some 30 bytes beside its characters, and so does each step of a rope. */
const JOINED_AT = 64;

/** Text that grows by small pieces and is seldom read. Reading it after each piece would cost the square of its length. */
export class GrowingText {
  #text: string;
  #pieces: string[] = [];
  #units: number;

  constructor(text = '') {
    this.#text = text;
    this.#units = text.length;
  }

  /** Its length in UTF-16 units. */
  get units(): number {
    return this.#units;
  }

  append(piece: string): void {
    this.#units += piece.length;
    if (this.#pieces.push(piece) >= JOINED_AT) this.#join();
  }

  toString(): string {
    if (this.#pieces.length > 0) this.#join();
    return this.#text;
  }

  #join(): void {
    this.#text += this.#pieces.join('');
    this.#pieces = [];
  }
}
