/**
 * The tokens that sizes are counted in: a word, or one mark that is neither word nor white space. A character of a
 * script without spaces (Han, Kana, Thai …) or beyond the Basic Multilingual Plane is a token of its own, and a word
 * longer than `MAX_WORD_LENGTH` counts as several, so that no text is one endless token. Not any model's tokens:
 * English prose has about 1.3 of a model's tokens to a word of ours.
 */

/** In UTF-16 units. */
export const MAX_WORD_LENGTH = 32;

/** Token `i` is `text.slice(starts[i], ends[i])`; between tokens there is only white space. */
export interface Tokens {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const SPACE = 1;
const WORD = 2;
const SINGLE = 3;

/** Scripts that are written without spaces between words. */
export const UNSPACED_SCRIPTS =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';

const UNSPACED = new RegExp(`[${UNSPACED_SCRIPTS}]`, 'u');
const WORD_CHARACTER = /[\p{L}\p{N}\p{M}]/u;

/** Class of each UTF-16 unit, filled as units are met; 0 is not yet known. */
const classes = new Uint8Array(0x1_00_00);

function classify(unit: number): number {
  const character = String.fromCharCode(unit);
  if (/\s/.test(character)) return SPACE;
  if (UNSPACED.test(character)) return SINGLE;
  return WORD_CHARACTER.test(character) ? WORD : SINGLE;
}

function classAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return (classes[unit] ||= classify(unit));
}

function isSurrogatePair(text: string, index: number): boolean {
  const isHigh = (text.charCodeAt(index) & 0xfc_00) === 0xd8_00;
  return isHigh && (text.charCodeAt(index + 1) & 0xfc_00) === 0xdc_00;
}

function tokenEnd(text: string, start: number): number {
  if (classAt(text, start) !== WORD) return isSurrogatePair(text, start) ? start + 2 : start + 1;
  const limit = Math.min(text.length, start + MAX_WORD_LENGTH);
  let end = start + 1;
  while (end < limit && classAt(text, end) === WORD) end += 1;
  return end;
}

/** Finds the tokens of `text`, in time linear in its length. */
export function tokenize(text: string): Tokens {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let index = 0; index < text.length; ) {
    if (classAt(text, index) === SPACE) {
      index += 1;
      continue;
    }
    starts.push(index);
    index = tokenEnd(text, index);
    ends.push(index);
  }
  return { starts, ends };
}

/** Counts the tokens of `text` without making them. */
export function countTokens(text: string): number {
  let count = 0;
  let wordLength = 0;
  for (let index = 0; index < text.length; index += 1) {
    const kind = classAt(text, index);
    if (kind === WORD) {
      if (wordLength % MAX_WORD_LENGTH === 0) count += 1;
      wordLength += 1;
      continue;
    }
    wordLength = 0;
    if (kind === SPACE) continue;
    count += 1;
    if (isSurrogatePair(text, index)) index += 1;
  }
  return count;
}
