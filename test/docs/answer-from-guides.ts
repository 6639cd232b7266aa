import { globSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Fts5Index } from '#src/adapters/lexical-index/fts5.ts';
import type { Source } from '#src/ports/answer.ts';
import { chunkMarkdown, DEFAULT_CHUNKING } from '#src/rag/chunk.ts';
import { answerFromQuotes } from '#src/rag/cite.ts';
import { extract } from '#src/rag/extract.ts';
import { chunkTerms, questionTerms } from '#src/rag/terms.ts';
import { titleOf } from '#src/rag/title.ts';

export interface GuideAnswer {
  readonly text: string;
  /** The guides that are cited, in order. */
  readonly guides: readonly string[];
}

const SOURCES = 5;

/** Indexes `docs/` as a first run does, and answers from it without a service around. */
export function answerFromGuides(): (question: string) => GuideAnswer {
  const database = new DatabaseSync(':memory:');
  Fts5Index.create(database, 1);
  const index = new Fts5Index(database, 1);
  const sources: Source[] = [];
  for (const path of globSync('docs/**/*.md').sort()) addGuide(path, sources, index);
  return (question) => {
    const terms = questionTerms(question, 'en');
    const matches = index.search(terms)[Symbol.iterator]();
    const found = Array.from({ length: SOURCES }, () => matches.next().value).flatMap((match) => sources[(match?.rowId ?? 0) - 1] ?? []);
    const { quotes } = extract({ question, sources: found, terms, statistics: index.statistics(terms), language: 'en' });
    const { answer, citations } = answerFromQuotes(quotes);
    return { text: answer, guides: citations.flatMap(({ source_id }) => sources[Number(source_id)]?.document_id ?? []) };
  };
}

function addGuide(path: string, sources: Source[], index: Fts5Index): void {
  const text = readFileSync(path, 'utf8');
  const title = titleOf(text, path);
  for (const chunk of chunkMarkdown(text, DEFAULT_CHUNKING)) {
    sources.push({ id: String(sources.length), document_id: path, title, uri: path, text: chunk.text, score: 0, metadata: {} });
    index.add(sources.length, chunkTerms({ title, headings: chunk.headings, text: chunk.text }, 'en'));
  }
}
