import type { Source } from '#src/ports/answer.ts';
import { rulesFor } from './languages.ts';
import { scoreStatements } from './score.ts';
import type { ExtractionRequest, ScoredStatement, ScoreWeights, Scoring } from './score.ts';
import type { Statement } from './statements.ts';
import { countTokens, UNSPACED_SCRIPTS } from './tokens.ts';

/** A piece of a source, word for word: `source.text.slice(start, end)`. */
export interface Quote {
  readonly source_id: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Extraction {
  /** In reading order; empty when the sources do not answer. */
  readonly quotes: readonly Quote[];
  /** How much of the question's information stands in and around the best statement, 0 to 1. */
  readonly confidence: number;
}

export interface ExtractionParameters {
  readonly weights: ScoreWeights;
  /** Below this confidence the sources do not answer. */
  readonly minConfidence: number;
  /** The same for a question of two terms: one of them alone is another question. */
  readonly minConfidenceOfTwo: number;
  /** Of the confidence needed, when the question is in a script without spaces: many of its character pairs span words. */
  readonly unspacedShare: number;
  /** A further statement is quoted when its score is at least this share of the best. */
  readonly furtherShare: number;
  /** The same for a statement that stands next to one that is quoted, in its paragraph or list item. */
  readonly adjacentShare: number;
  readonly maxStatements: number;
  /** Statements are added while the answer is at most this long. */
  readonly maxTokens: number;
  /** Two statements that share this much of their words (Jaccard) say the same. */
  readonly sameShare: number;
}

/** Found by measurement (docs/retrieval.md). */
export const DEFAULT_EXTRACTION: ExtractionParameters = {
  weights: {
    antecedent: 0.8,
    heading: 0.6,
    neighbour: 0.5,
    source: 0.1,
    number: 0.05,
    rank: 0.03,
    fragment: 0.3,
    short: 0.1,
    question: 0.3,
    missingIdentifier: 0.6,
  },
  minConfidence: 0.4,
  minConfidenceOfTwo: 0.6,
  unspacedShare: 0.5,
  furtherShare: 0.75,
  adjacentShare: 0.5,
  maxStatements: 4,
  maxTokens: 150,
  sameShare: 0.7,
};

const UNSPACED = new RegExp(`[${UNSPACED_SCRIPTS}]`, 'u');
/** Items of a list that follow their introduction into an answer. */
const MAX_LISTED = 6;
const MAX_CODE_TOKENS = 120;

/**
 * Answers a question with quotes: the statements that hold most of its information, the neighbours without which they
 * cannot be read, no two of them alike. The sources do not answer when no statement has `minConfidence`.
 */
export function extract(request: ExtractionRequest, parameters: ExtractionParameters = DEFAULT_EXTRACTION): Extraction {
  const scoring = scoreStatements(request, parameters.weights);
  const best = scoring.ranked[0];
  const confidence = best?.support ?? 0;
  if (best === undefined || confidence < neededConfidence(request, scoring.termCount, parameters)) return { quotes: [], confidence };
  const picked = pick(scoring.ranked, best, parameters);
  const order = [...new Set(picked.map((each) => each.source))];
  const quotes = order.flatMap((number) => {
    const source = request.sources[number] as Source;
    const statements = scoring.statements[number] ?? [];
    const own = picked.filter((each) => each.source === number).map((each) => each.index);
    return quotesOf(source, statements, withCompany(statements, own, request.language));
  });
  return { quotes, confidence };
}

function neededConfidence({ terms }: ExtractionRequest, termCount: number, parameters: ExtractionParameters): number {
  const needed = termCount === 2 ? parameters.minConfidenceOfTwo : parameters.minConfidence;
  return terms.some((term) => UNSPACED.test(term)) ? needed * parameters.unspacedShare : needed;
}

function pick(ranked: Scoring['ranked'], best: ScoredStatement, parameters: ExtractionParameters): ScoredStatement[] {
  const picked = [best];
  let tokens = countTokens(best.statement.plain);
  for (const each of ranked) {
    if (picked.length >= parameters.maxStatements || each.score < best.score * parameters.adjacentShare) break;
    if (!isWorthwhile(each, picked, best, parameters)) continue;
    const size = countTokens(each.statement.plain);
    if (tokens + size > parameters.maxTokens) continue;
    tokens += size;
    picked.push(each);
  }
  return picked;
}

function isWorthwhile(
  each: ScoredStatement,
  picked: readonly ScoredStatement[],
  best: ScoredStatement,
  parameters: ExtractionParameters,
): boolean {
  if (each.score < best.score * parameters.furtherShare && !picked.some((other) => isAdjacent(other, each))) return false;
  return !picked.some((other) => likeness(other.statement, each.statement) >= parameters.sameShare);
}

function isAdjacent(first: ScoredStatement, second: ScoredStatement): boolean {
  const isSameBlock = first.source === second.source && first.statement.block === second.statement.block;
  return isSameBlock && Math.abs(first.index - second.index) === 1;
}

/** Shared words as a share of all words of both. */
function likeness(first: Statement, second: Statement): number {
  const words = new Set(wordsOf(first));
  const others = new Set(wordsOf(second));
  const shared = [...words].filter((word) => others.has(word)).length;
  return shared / Math.max(1, words.size + others.size - shared);
}

function wordsOf(statement: Statement): readonly string[] {
  return statement.plain.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Adds what the chosen statements cannot be read without. Returns indexes in order. */
function withCompany(statements: readonly Statement[], chosen: readonly number[], language: string): number[] {
  const reference = rulesFor(language).reference;
  const all = new Set(chosen);
  const leans = (index: number): boolean => reference?.test(statements[index]?.plain ?? '') === true;
  for (const index of chosen) {
    if (leans(index) && isSameBlock(statements, index - 1, index)) all.add(index - 1);
    if (leans(index + 1) && isSameBlock(statements, index, index + 1)) all.add(index + 1);
    for (const follower of introduced(statements, index)) all.add(follower);
  }
  return [...all].sort((a, b) => a - b);
}

function isSameBlock(statements: readonly Statement[], first: number, second: number): boolean {
  return statements[first] !== undefined && statements[first].block === statements[second]?.block;
}

/** What comes after a statement that ends with a colon: the items of a list, or a short piece of code. */
function introduced(statements: readonly Statement[], index: number): number[] {
  const next = statements[index + 1];
  if (statements[index]?.plain.endsWith(':') !== true || next === undefined) return [];
  if (next.kind === 'code') return countTokens(next.plain) <= MAX_CODE_TOKENS ? [index + 1] : [];
  const followers: number[] = [];
  for (let at = index + 1; statements[at]?.kind === 'item' && followers.length < MAX_LISTED; at += 1) followers.push(at);
  return followers;
}

/** Joins neighbours that stand in one block, or as a list or code below its introduction, to one quote. */
function quotesOf(source: Source, statements: readonly Statement[], indexes: readonly number[]): Quote[] {
  const quotes: { start: number; end: number; last: number }[] = [];
  for (const index of indexes) {
    const { start, end, kind } = statements[index] as Statement;
    const open = quotes.at(-1);
    const continues = isSameBlock(statements, index - 1, index) || kind === 'item' || kind === 'code';
    if (open !== undefined && open.last === index - 1 && continues) Object.assign(open, { end, last: index });
    else quotes.push({ start, end, last: index });
  }
  return quotes.map(({ start, end }) => ({ source_id: source.id, text: source.text.slice(start, end), start, end }));
}
