import type { Citation } from '#src/ports/answer.ts';
import { splitSentences } from './sentences.ts';

/** Text whose handles are gone, and the citations that they stood for. `text` is never one half of a character. */
export interface ResolvedText {
  readonly text: string;
  /** Offsets count from the beginning of the whole resolved text; none reaches beyond what has been given out. */
  readonly citations: readonly Citation[];
}

/** What is looked at to decide about one `[`: the longest handle, what may follow it, and some more. In UTF-16 units. */
const WINDOW = 32;
const HANDLE = /^\[ *(\d{1,4}(?: *, *\d{1,4})*) *\]/;
const BEGINS_HANDLE = /^\[[\d, ]*$/;
const HANDLES_AT_SENTENCE_END = /^(?:\[[\d, ]*\])+[.!?](?:\s|$)/;
const BEGINS_HANDLES_AT_SENTENCE_END = /^(?:\[[\d, ]*\])+(?:\[[\d, ]*)?[.!?]?$/;
/** As in `[text][1]`, `[[1]]` and `\[1]`. */
const BRACKET_END = /[[\]\\]$/;
const IDENTIFIER_END = /[A-Za-z0-9_$]$/;
const FENCE = /^ {0,3}(?:```|~~~)/;
const BLOCK_MARKER = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t]+)?/;
const SPACE = 0x20;
const [FIRST_HIGH_SURROGATE, LAST_HIGH_SURROGATE] = [0xd800, 0xdbff];

const NO_CITATIONS: readonly Citation[] = [];
const NOTHING: ResolvedText = { text: '', citations: NO_CITATIONS };

/**
 * Takes handles such as `[1]`, `[1, 3]` and `[1][2]` out of a model's text, with one space before each, and tells what
 * they cite: the sentence before them, up to the handle. A handle is a number of a source in the prompt, from 1; a
 * number that no source has stays as text, and so do handles in code, link texts, `array[1]` (a handle glued to a word
 * counts only at the end of a sentence), and what stands at the beginning of a line, where it supports nothing.
 * However the text is cut into pieces, the result is the same.
 */
export class HandleResolver {
  #sourceIds: readonly string[];
  /** Given in and not yet given out. */
  #held = '';
  /** Of the resolved text. */
  #units = 0;
  /** The resolved text of the line that is being written. */
  #line = '';
  #isInFence = false;
  /** Whether the text given out ends where a handle was. */
  #isBehindHandle = false;

  /**
   * @param sourceIds by rank, as the prompt numbers them
   * @param sentText resolved text that was given out before, which this goes on from
   */
  constructor(sourceIds: readonly string[], sentText = '') {
    this.#sourceIds = sourceIds;
    this.#advance(sentText);
  }

  /** How many UTF-16 units, the last ones given in, are held back. */
  get heldUnits(): number {
    return this.#held.length;
  }

  /** Length of the resolved text given out, in UTF-16 units. */
  get units(): number {
    return this.#units;
  }

  /** Whether the text given out ends inside a fenced block of code. */
  get isInFence(): boolean {
    return this.#isInFence;
  }

  /** Another stream goes on, whose prompt numbers these sources: what was held back is forgotten. */
  restart(sourceIds: readonly string[]): void {
    this.#held = '';
    this.#sourceIds = sourceIds;
  }

  push(piece: string): ResolvedText {
    this.#held += piece;
    return this.#held.includes('[') || this.#held.includes('\n') ? this.#drain(false) : this.#pass();
  }

  /** Gives out what was held back, since nothing follows. */
  end(): ResolvedText {
    return this.#drain(true);
  }

  /** Nearly every piece: no bracket and no line break is in it. */
  #pass(): ResolvedText {
    const held = heldAtEnd(this.#held);
    const text = held === 0 ? this.#held : this.#held.slice(0, -held);
    this.#held = held === 0 ? '' : this.#held.slice(-held);
    if (text === '') return NOTHING;
    this.#units += text.length;
    this.#line += text;
    this.#isBehindHandle = false;
    return { text, citations: NO_CITATIONS };
  }

  #drain(isEnd: boolean): ResolvedText {
    const citations: Citation[] = [];
    let text = '';
    const give = (piece: string): void => {
      if (piece === '') return;
      this.#advance(piece);
      this.#isBehindHandle = false;
      text += piece;
    };
    for (let open = this.#held.indexOf('['); open !== -1; open = this.#held.indexOf('[')) {
      const space = this.#held[open - 1] === ' ' ? 1 : 0;
      give(this.#held.slice(0, open - space));
      this.#held = this.#held.slice(open - space);
      const numbers = this.#numbersAt(space, isEnd);
      if (numbers === 'undecided') return { text, citations };
      if (numbers === undefined) {
        give(this.#held.slice(0, space + 1));
        this.#held = this.#held.slice(space + 1);
        continue;
      }
      citations.push(...this.#citationsOf(numbers.numbers));
      this.#held = this.#held.slice(space + numbers.units);
      this.#isBehindHandle = true;
    }
    const held = isEnd ? 0 : heldAtEnd(this.#held);
    give(this.#held.slice(0, this.#held.length - held));
    this.#held = held === 0 ? '' : this.#held.slice(-held);
    return { text, citations };
  }

  /** The handle that the held text begins with, after `space` spaces; undefined when it is none. */
  #numbersAt(space: number, isEnd: boolean): { numbers: number[]; units: number } | 'undecided' | undefined {
    if (this.#isCode()) return undefined;
    const window = this.#held.slice(space, space + WINDOW);
    const mayGrow = !isEnd && window.length < WINDOW;
    const match = HANDLE.exec(window);
    if (match === null) return mayGrow && BEGINS_HANDLE.test(window) ? 'undecided' : undefined;
    const [handle, list = ''] = match;
    const numbers = [...new Set(list.split(',').map(Number))];
    if (numbers.some((number) => number < 1 || number > this.#sourceIds.length)) return undefined;
    const isGlued = space === 0 && !this.#isBehindHandle;
    if (isGlued && BRACKET_END.test(this.#line)) return undefined;
    if (this.#statement() === undefined) return undefined;
    if (mayGrow && window.length === handle.length) return 'undecided';
    if (window[handle.length] === '(') return undefined;
    if (isGlued && IDENTIFIER_END.test(this.#line)) {
      if (mayGrow && BEGINS_HANDLES_AT_SENTENCE_END.test(window)) return 'undecided';
      if (!HANDLES_AT_SENTENCE_END.test(window)) return undefined;
    }
    return { numbers, units: handle.length };
  }

  #citationsOf(numbers: readonly number[]): Citation[] {
    const statement = this.#statement();
    if (statement === undefined) return [];
    const lineStart = this.#units - this.#line.length;
    const [start, end] = [lineStart + statement.start, lineStart + statement.end];
    return numbers.flatMap((number) => {
      const source_id = this.#sourceIds[number - 1];
      return source_id === undefined ? [] : [{ source_id, start, end }];
    });
  }

  /** The last sentence of the line so far; undefined when no letter or digit is in it. */
  #statement(): { start: number; end: number } | undefined {
    const marker = BLOCK_MARKER.exec(this.#line)?.[0].length ?? 0;
    const sentence = splitSentences(this.#line, marker).at(-1);
    if (sentence === undefined || !/[\p{L}\p{N}]/u.test(this.#line.slice(sentence.start, sentence.end))) return undefined;
    return sentence;
  }

  #isCode(): boolean {
    return this.#isInFence || FENCE.test(this.#line) || endsInCodeSpan(this.#line);
  }

  #advance(text: string): void {
    this.#units += text.length;
    const lines = text.split('\n');
    for (const [index, part] of lines.entries()) {
      this.#line += part;
      if (index === lines.length - 1) break;
      if (FENCE.test(this.#line)) this.#isInFence = !this.#isInFence;
      this.#line = '';
    }
  }
}

/** A space may stand before a handle, half a character waits for its other half. */
function heldAtEnd(text: string): number {
  const last = text.charCodeAt(text.length - 1);
  return last === SPACE || (last >= FIRST_HIGH_SURROGATE && last <= LAST_HIGH_SURROGATE) ? 1 : 0;
}

function endsInCodeSpan(line: string): boolean {
  let opening: string | undefined;
  for (const [ticks] of line.matchAll(/`+/g)) {
    if (opening === undefined) opening = ticks;
    else if (opening === ticks) opening = undefined;
  }
  return opening !== undefined;
}
