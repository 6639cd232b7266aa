import { ComparableText } from './comparable.ts';
import { needsSpace, NOTHING_KNOWN } from './joint.ts';
import type { KnownText } from './joint.ts';
import { splitSentences } from './sentences.ts';

/** From this length on, in characters, a repetition is one wherever it begins; shorter ones must begin with a word. */
const SURE_LENGTH = 8;
const SURE_LETTERS = 4;
/** Sentences repeated from the beginning are dropped before another wording when they are at least this long. */
const MIN_DROPPED = 20;
/** Marks between white space that a repetition without letters is looked for in. */
const MAX_TOKENS = 4;
/** How long a first word is waited for. Longer, and a reader would see the answer stop. */
const MAX_HELD = 200;

const WORD_END = /[\p{L}\p{N}\p{M}_]$/u;
const WHOLE_FIRST_WORD = /^[\p{L}\p{N}\p{M}_]*[^\p{L}\p{N}\p{M}_]/u;
const FIRST_WORD = /^[\p{L}\p{N}\p{M}_]+/u;
const SENTENCE_END = /[.!?…:。！？]["'”’»)\]*_]*\s?$/u;
const HANDLES = /^(?:\s*\[\d[\d, ]*\])+/;
const ENDS_WITH_HANDLE = /\[\d[\d, ]*\]$/;

/**
 * Joins a continuation to the text it goes on from. The new stream may restate the last words, or any stretch up to
 * the end, or the whole answer from its beginning: what agrees is dropped, however long it is, and compared without
 * handles and white space. Text is held back only while all of it may still be a repetition, or until its first word
 * is whole. Another wording of what was sent cannot be taken out: agreeing sentences are dropped and the rest begins
 * a paragraph.
 */
export class OverlapTrimmer {
  readonly #sent: string;
  readonly #tail: ComparableText;
  readonly #known: KnownText;
  #held = '';
  readonly #fresh = new ComparableText();
  #isThrough = false;
  /** Places of the sent text that everything so far agrees with; undefined before the first character. */
  #places: number[] | undefined;
  #compared = 0;
  /** Places from which the new text has restated everything to the end. The earliest is first. */
  #restated: number[] = [];
  /** The longest agreement that broke off before the end of the sent text. */
  #broken = { place: 0, length: 0 };

  /**
   * @param textSoFar as the models wrote it, handles included
   * @param known words of the evidence, which tell a cut word from two words
   */
  constructor(textSoFar: string, known: KnownText = NOTHING_KNOWN) {
    this.#sent = textSoFar;
    this.#tail = new ComparableText().append(textSoFar).finish();
    this.#known = known;
    if (this.#tail.text === '') this.#isThrough = true;
  }

  /** Gives out what is new for sure. */
  push(piece: string): string {
    if (this.#isThrough) return piece;
    this.#held += piece;
    const { text } = this.#fresh.append(piece);
    this.#compare(text);
    return this.#mustWait(text) ? '' : this.#release();
  }

  /** Gives out what was held back, since nothing follows. */
  end(): string {
    if (this.#isThrough) return '';
    this.#compare(this.#fresh.finish().text);
    return this.#release();
  }

  #compare(text: string): void {
    const sent = this.#tail.text;
    if (text === '') return;
    this.#places ??= placesOf(text.charAt(0), sent);
    for (; this.#compared < text.length && this.#places.length > 0; this.#compared += 1) {
      const alive: number[] = [];
      for (const place of this.#places) {
        if (sent[place + this.#compared] !== text[this.#compared]) this.#breakOff(place);
        else if (place + this.#compared === sent.length - 1) this.#restated.push(place);
        else alive.push(place);
      }
      this.#places = alive;
    }
  }

  #breakOff(place: number): void {
    if (this.#compared > this.#broken.length) this.#broken = { place, length: this.#compared };
  }

  #mustWait(text: string): boolean {
    if (this.#places === undefined || this.#places.length > 0) return text !== '' || this.#held.length < MAX_HELD;
    const longest = this.#restated.reduce((length, place) => Math.max(length, this.#tail.text.length - place), 0);
    if (text.length <= longest) return true;
    return text.length < MAX_HELD && WORD_END.test(this.#tail.text) && !WHOLE_FIRST_WORD.test(text) && FIRST_WORD.test(text);
  }

  #release(): string {
    this.#isThrough = true;
    const place = this.#restated.sort((a, b) => a - b).find((each) => this.#isRepetition(each, this.#fresh.text));
    const rest = place === undefined ? this.#withoutOldSentences(this.#fresh) : this.#behind(place, this.#fresh);
    this.#held = '';
    return rest;
  }

  /** Whether the new text restates the sent one from here on, and does not just begin with the same letters. */
  #isRepetition(place: number, fresh: string): boolean {
    const sent = this.#tail.text;
    const repeated = sent.slice(place);
    if (repeated.length >= SURE_LENGTH && lettersOf(repeated) >= SURE_LETTERS) return true;
    const next = FIRST_WORD.exec(fresh)?.[0];
    if (next !== undefined && !/\s$/.test(this.#sent) && this.#known.has(repeated + next)) return false;
    if (!/[\p{L}\p{N}\p{So}]/u.test(repeated)) return this.#beginsWithLastTokens();
    if (place === 0) return true;
    if (/^\s/.test(this.#held) || (WORD_END.test(sent.slice(0, place)) && FIRST_WORD.test(repeated))) return false;
    return !this.#known.isEmpty || lettersOf(repeated) >= 3;
  }

  /** As of `–` or `[1].`, which have no letter to tell them by. */
  #beginsWithLastTokens(): boolean {
    const sent = this.#sent.trimEnd();
    const starts = Array.from(sent.slice(-MAX_HELD).matchAll(/\S+/g), ({ index }) => Math.max(0, sent.length - MAX_HELD) + index);
    return starts.slice(-MAX_TOKENS).some((start) => {
      const tokens = sent.slice(start);
      const isWhole = /^(?:\s|$)/.test(this.#held.slice(tokens.length));
      return isWhole && this.#held.startsWith(tokens) && !this.#known.has(tokens + tokens);
    });
  }

  /** What follows the repetition. */
  #behind(place: number, fresh: ComparableText): string {
    const rest = this.#held.slice(fresh.ends[this.#tail.text.length - place - 1] ?? this.#held.length);
    const hasHandle = ENDS_WITH_HANDLE.test(this.#sent.trimEnd());
    return withoutCommonSpace(this.#sent, hasHandle ? rest.replace(HANDLES, '') : rest);
  }

  /** The new text, but for sentences that it repeats before it goes other ways than the sent one. */
  #withoutOldSentences(fresh: ComparableText): string {
    const { place, length } = this.#broken;
    const isFromSentence = place === 0 || SENTENCE_END.test(this.#tail.text.slice(0, place));
    const start = isFromSentence ? (splitSentences(fresh.text, 0, length).at(-1)?.start ?? 0) : 0;
    if (start >= MIN_DROPPED) return `\n\n${this.#held.slice(fresh.ends[start - 1]).trimStart()}`;
    const rest = withoutCommonSpace(this.#sent, this.#held);
    return needsSpace(this.#sent, rest, this.#known) ? ` ${rest}` : rest;
  }
}

function placesOf(character: string, text: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) places.push(at);
  return places;
}

function lettersOf(text: string): number {
  return text.match(/\p{L}/gu)?.length ?? 0;
}

/** White space at the end of the sent text was not shown to the model, which may have written it again. */
function withoutCommonSpace(sent: string, rest: string): string {
  const space = sent.slice(sent.trimEnd().length);
  for (let length = space.length; length > 0; length -= 1) {
    if (rest.startsWith(space.slice(-length))) return rest.slice(length);
  }
  return rest;
}
