import { hashOf, wordsOf } from './embedding.ts';

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
}

/** A user turn whose question holds this is refused by the emulated safety rules. */
export const BLOCK_MARK = '[[block]]';

/** Said where a prompt names no sentence for it. */
const REFUSAL = 'The documents do not answer this.';
const MAX_WORDS = 60;

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/**
 * What an emulated model says: the sentence of the first source that shares most words with the question, cited; the
 * prompt's refusal when there is no source. It depends on the prompt alone, so that every provider says the same for the
 * same evidence. It goes on after a last assistant turn, and after the text between `<answer-so-far>` tags, of which it
 * says the last words again for two prompts out of three, as models do.
 */
export function answerTokens(turns: readonly Turn[]): string[] {
  const answer = answerOf(turns);
  const last = turns.at(-1);
  if (last?.role === 'assistant') return tokensOf(continuation(answer, last.text));
  const soFar = textSoFar(last?.text ?? '');
  return tokensOf(soFar === undefined ? answer : repeatedWords(soFar) + continuation(answer, soFar));
}

/** The emulated tokens of a text: at most six characters each, blanks before a word belong to it. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*\S{1,6}|\s+$/gu) ?? [];
}

export function countPromptTokens(turns: readonly Turn[]): number {
  return turns.reduce((sum, { text }) => sum + tokensOf(text).length, 0);
}

/** Whether the emulated safety rules refuse the question. */
export function isBlocked(turns: readonly Turn[]): boolean {
  return turns.some(({ role, text }) => role === 'user' && questionIn(text).includes(BLOCK_MARK));
}

/** A value that fits a JSON schema, with `text` wherever a string is free. */
export function valueForSchema(schema: unknown, text: string): unknown {
  if (typeof schema !== 'object' || schema === null) return text;
  const { type, enum: choices, properties, items } = schema as Record<string, unknown>;
  if (Array.isArray(choices)) return choices[0];
  const name = String(Array.isArray(type) ? type[0] : type).toLowerCase();
  if (name === 'object') {
    return Object.fromEntries(Object.entries(properties ?? {}).map(([key, property]) => [key, valueForSchema(property, text)]));
  }
  if (name === 'array') return [valueForSchema(items, text)];
  if (name === 'boolean') return true;
  return name === 'number' || name === 'integer' ? 1 : text;
}

function answerOf(turns: readonly Turn[]): string {
  const evidence = turns.findLast(({ role, text }) => role === 'user' && sourcesIn(text).length > 0);
  const [source] = sourcesIn(evidence?.text ?? '');
  if (evidence === undefined || source === undefined) return refusalIn(turns);
  const sentence = bestSentence(source.text, questionIn(evidence.text));
  const end = /[.!?]+$/.exec(sentence)?.[0] ?? '.';
  return `${sentence.replace(/[.!?]+$/, '')} [${source.number}]${end}`;
}

function sourcesIn(text: string): { readonly number: string; readonly text: string }[] {
  const found = text.matchAll(/<source id="([^"]*)"[^>]*>\n?([\s\S]*?)<\/source>/g);
  return Array.from(found, ([, number = '', body = '']) => ({ number, text: body })).filter(({ text: body }) => body.trim() !== '');
}

function questionIn(text: string): string {
  return /Question: ([\s\S]*?)(?:\n\nContext:|$)/.exec(text)?.[1] ?? text;
}

function refusalIn(turns: readonly Turn[]): string {
  const system = turns.filter(({ role }) => role === 'system').map(({ text }) => text);
  return /exactly this sentence: (.+?[.!?。])(?=\s|$)/.exec(system.join('\n'))?.[1] ?? REFUSAL;
}

function bestSentence(source: string, question: string): string {
  const asked = new Set(longWordsOf(question));
  const text = source.replace(/^#+ .*$/gm, '').trim() === '' ? source : source.replace(/^#+ .*$/gm, '');
  const candidates = Array.from(sentences.segment(text.replace(/\s+/g, ' ').trim()), ({ segment }) => segment.trim());
  let best = { sentence: candidates[0] ?? '', shared: -1 };
  for (const sentence of candidates) {
    const shared = new Set(longWordsOf(sentence).filter((word) => asked.has(word))).size;
    if (shared > best.shared) best = { sentence, shared };
  }
  return best.sentence.split(' ').slice(0, MAX_WORDS).join(' ');
}

function longWordsOf(text: string): string[] {
  return wordsOf(text).filter((word) => word.length > 3);
}

function textSoFar(text: string): string | undefined {
  const all = [...text.matchAll(/<answer-so-far>\n?([\s\S]*?)\n?<\/answer-so-far>/g)];
  return all.at(-1)?.[1];
}

/** What is left of the answer; all of it after a text that it does not begin with. */
function continuation(answer: string, soFar: string): string {
  const said = [soFar, soFar.trim()].find((text) => answer.startsWith(text));
  if (said !== undefined) return answer.slice(said.length);
  return `${/\s$/.test(soFar) ? '' : ' '}${answer}`;
}

/** None, one or three of the last words, as the text decides. */
function repeatedWords(soFar: string): string {
  const count = [0, 1, 3][hashOf(soFar) % 3] ?? 0;
  return new RegExp(`(?:\\S+\\s*){0,${count}}$`).exec(soFar)?.[0] ?? '';
}
