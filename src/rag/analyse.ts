import { rulesFor } from './languages.ts';
import type { LanguageRules } from './languages.ts';
import { UNSPACED_SCRIPTS } from './tokens.ts';

/** Raised whenever `analyse` or `chunkTerms` gives other terms than before: an index made by another version has to be rebuilt. */
export const ANALYSIS_VERSION = 1;

/** Words that are remembered with their terms, per language; then forgotten all at once. */
const MAX_REMEMBERED_WORDS = 50_000;
const MAX_TERM_LENGTH = 64;

const WORD = /[\p{L}\p{N}\p{M}]+(?:['’][\p{L}\p{N}\p{M}]+)*/gu;
/** The same of a text in ASCII, found sooner. */
const ASCII_WORD = /[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*/g;
const UNSPACED_RUN = new RegExp(`[${UNSPACED_SCRIPTS}\\p{M}]+|[^${UNSPACED_SCRIPTS}]+`, 'gu');
const HAS_UNSPACED = new RegExp(`[${UNSPACED_SCRIPTS}]`, 'u');
const NON_ASCII = /[\u0080-\uffff]/;

interface Analyser {
  readonly rules: LanguageRules;
  readonly remembered: Map<string, readonly string[]>;
}

const analysers = new Map<LanguageRules, Analyser>();

/**
 * Turns a text into the terms that the lexical index holds, in their order and as often as they occur. Documents and
 * questions go through the same steps: NFKC, lower case, possessive `'s` removed, stop words left out, stems. A term
 * has only letters, digits and their marks, is never empty and at most 64 UTF-16 units long. An identifier such as
 * `handle_call/3` or `GenServer.call` gives its parts; the whole beside them, or the parts of camelCase, found no more
 * on documentation (docs/retrieval.md) and cost space.
 *
 * Scripts without spaces (Han, Kana, Thai …) give pairs of neighbouring characters. `language` is an ISO 639-1 code,
 * of which only the part before `-` counts; a language without rules keeps its words as they are.
 */
export function analyse(text: string, language: string): string[] {
  const analyser = analyserFor(language);
  const terms: string[] = [];
  for (const word of wordsOf(text)) {
    for (const term of termsOf(analyser, word)) terms.push(term);
  }
  return terms;
}

function wordsOf(text: string): readonly string[] {
  return (NON_ASCII.test(text) ? text.normalize('NFKC').match(WORD) : text.match(ASCII_WORD)) ?? [];
}

function analyserFor(language: string): Analyser {
  const rules = rulesFor(language);
  let analyser = analysers.get(rules);
  if (analyser === undefined) analysers.set(rules, (analyser = { rules, remembered: new Map() }));
  return analyser;
}

function termsOf(analyser: Analyser, word: string): readonly string[] {
  const known = analyser.remembered.get(word);
  if (known !== undefined) return known;
  const terms = analyseWord(analyser.rules, word);
  if (analyser.remembered.size >= MAX_REMEMBERED_WORDS) analyser.remembered.clear();
  if (word.length <= MAX_TERM_LENGTH) analyser.remembered.set(word, terms);
  return terms;
}

function analyseWord(rules: LanguageRules, word: string): string[] {
  if (HAS_UNSPACED.test(word)) return unspacedTerms(rules, word);
  return word
    .replace(/['’][sS]$/, '')
    .split(/['’]/)
    .flatMap((part) => stemmed(rules, part.toLowerCase()));
}

function stemmed(rules: LanguageRules, word: string): string[] {
  if (word === '' || rules.stopWords.has(word)) return [];
  const stem = rules.stem(word.slice(0, MAX_TERM_LENGTH));
  return [stem === '' ? word : stem];
}

/** Pairs of neighbouring characters; a character alone stands for itself. */
function unspacedTerms(rules: LanguageRules, word: string): string[] {
  return (word.match(UNSPACED_RUN) ?? []).flatMap((run) => {
    if (!HAS_UNSPACED.test(run)) return analyseWord(rules, run);
    const characters = [...run];
    if (characters.length === 1) return [run];
    return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
  });
}
