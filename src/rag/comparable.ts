const SKIPPED = /\s*\[\d[\d, ]*\]|\s+/g;
/** What more text could still make part of a handle or of a run of white space. */
const OPEN_END = /(?<!\s)\s*(?:\[[\d, ]{0,32})?$/;
/** An ellipsis, or the end of a handle. */
const LEADING = /^\s*(?:…|\.\.\.|(?:[\d,][\d, ]*)?\])/;
const OPEN_LEADING = /^\s*(?:\.{0,2}|[\d, ]{0,32})$/;

/**
 * A model's text as it is compared with another's: handles of sources left out with the white space before them, each
 * run of white space one space, none at the ends, no ellipsis or end of a handle at the beginning. Two models that say
 * the same cite and wrap it differently. `text` only ever grows.
 */
export class ComparableText {
  text = '';
  /** `ends[i]` is where, in the original, UTF-16 unit `i` of `text` ends. */
  readonly ends: number[] = [];
  /** What of the original is not in `text` yet. */
  #rest = '';
  #done = 0;
  #isStarted = false;

  append(piece: string): this {
    this.#rest += piece;
    if (!this.#isStarted && OPEN_LEADING.test(this.#rest)) return this;
    this.#take(this.#rest.search(OPEN_END));
    return this;
  }

  /** Nothing follows. */
  finish(): this {
    this.#take(this.#rest.trimEnd().length);
    return this;
  }

  #take(limit: number): void {
    const taken = this.#rest.slice(0, limit);
    let from = this.#isStarted ? 0 : (LEADING.exec(taken)?.[0].length ?? 0);
    let added = '';
    for (const { 0: skipped, index } of taken.matchAll(SKIPPED)) {
      if (index < from) continue;
      added += this.#add(taken, from, index);
      from = index + skipped.length;
      if (skipped.endsWith(']') || (this.text === '' && added === '')) continue;
      added += ' ';
      this.ends.push(this.#done + from);
    }
    added += this.#add(taken, from, taken.length);
    this.text += added;
    this.#rest = this.#rest.slice(limit);
    this.#done += limit;
    this.#isStarted ||= limit > 0;
  }

  #add(taken: string, from: number, to: number): string {
    for (let index = from; index < to; index += 1) this.ends.push(this.#done + index + 1);
    return taken.slice(from, to);
  }
}
