import { UNSPACED_SCRIPTS } from './tokens.ts';

const LAST_WORD = /[\p{L}\p{N}\p{M}_]+$/u;
const FIRST_WORD = /^[\p{L}\p{N}\p{M}_]+/u;
const LAST_WORD_AND_MARK = /([\p{L}\p{N}\p{M}_]+)["'”’)\]]?([.!?,;:])["'”’)\]]?$/u;
const UNSPACED = new RegExp(`[${UNSPACED_SCRIPTS}]`, 'u');
/** In UTF-16 units. What is longer is no word, and would take the square of its length to look at. */
const MAX_WORD_LENGTH = 200;
const WORD_CHARACTER = /[\p{L}\p{N}\p{M}_]/u;

/** Words that are known to be words: the evidence of an answer, and what of it is already written. */
export class KnownText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text.toLowerCase();
  }

  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** Whether the text holds exactly this, not as a part of longer words. */
  has(word: string): boolean {
    const wanted = word.toLowerCase();
    for (let at = this.#text.indexOf(wanted); at !== -1; at = this.#text.indexOf(wanted, at + 1)) {
      if (!isWordCharacter(this.#text[at - 1]) && !isWordCharacter(this.#text[at + wanted.length])) return true;
    }
    return false;
  }
}

export const NOTHING_KNOWN = new KnownText('');

/**
 * Whether a space has to stand between a text that was cut off and what another model goes on with. Chat models begin
 * no turn with a space, so "… runs on the" goes on with "BEAM", but a text cut inside a word goes on with the rest of
 * it. Nothing in the two tells these apart, so the known words do: "virt" and "ual" make a known word, "the" and "BEAM"
 * are two. What nothing is known about is joined as it is.
 */
export function needsSpace(left: string, right: string, known: KnownText): boolean {
  const second = FIRST_WORD.exec(right)?.[0];
  if (second === undefined || UNSPACED.test(second.charAt(0)) || UNSPACED.test(left.slice(-1))) return false;
  const end = left.slice(-MAX_WORD_LENGTH);
  const first = LAST_WORD.exec(end)?.[0];
  if (first !== undefined) return areTwoWords(first, second, known);
  const [, word, mark] = LAST_WORD_AND_MARK.exec(end) ?? [];
  if (word === undefined || mark === undefined || known.has(word + mark + second)) return false;
  if (/^\p{Lu}/u.test(second)) return true;
  return ',;:'.includes(mark) && /^\p{L}/u.test(second) && known.has(second);
}

function areTwoWords(first: string, second: string, known: KnownText): boolean {
  if (known.isEmpty || known.has(first + second)) return false;
  if (known.has(first) && known.has(second)) return true;
  return /\p{Ll}$/u.test(first) && /^\p{Lu}/u.test(second);
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && WORD_CHARACTER.test(character);
}
