import type { Source } from '#src/ports/answer.ts';
import type { TermStatistics } from '#src/ports/lexical-index.ts';
import { chunkTerms, questionTerms } from '#src/rag/terms.ts';
import type { ExtractionRequest } from '#src/rag/score.ts';

/** A source whose id tells its place: `s1`, `s2` … */
export function sourcesOf(...texts: string[]): Source[] {
  return texts.map((text, index) => ({
    id: `s${index + 1}`,
    document_id: `d${index + 1}`,
    title: '',
    uri: null,
    text,
    score: 1 / (index + 1),
    metadata: {},
  }));
}

/** What an index over exactly these texts, among as many others without any of their words, would tell. */
export function statisticsOf(texts: readonly string[], terms: readonly string[], others = 100): TermStatistics {
  const held = texts.map((text) => new Set(chunkTerms({ title: '', headings: [], text }, 'en')));
  const count = (term: string): number => held.filter((words) => words.has(term)).length;
  return { chunkCount: texts.length + others, documentFrequency: Object.fromEntries(terms.map((term) => [term, count(term)])) };
}

/** A question with its evidence, in English, best source first. */
export function askOf(question: string, ...texts: string[]): ExtractionRequest {
  const terms = questionTerms(question, 'en');
  return { question, sources: sourcesOf(...texts), terms, statistics: statisticsOf(texts, terms), language: 'en' };
}
