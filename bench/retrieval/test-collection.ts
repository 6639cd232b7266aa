import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Judgments } from './ndcg.ts';

export interface CollectionDocument {
  readonly id: string;
  /** Empty where there is none. */
  readonly title: string;
  readonly text: string;
}

/** Documents, queries and which document answers which query. */
export interface TestCollection {
  readonly language: string;
  readonly documents: readonly CollectionDocument[];
  readonly queries: readonly { readonly id: string; readonly text: string }[];
  readonly judgments: ReadonlyMap<string, Judgments>;
}

/** Reads `corpus.jsonl`, `queries.jsonl`, `qrels.tsv` (with a header) and the language of `meta.json`. */
export function readTestCollection(directory: string): TestCollection {
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
  const { lang } = JSON.parse(read('meta.json')) as { readonly lang: string };
  return {
    language: lang,
    documents: parseLines<CollectionDocument>(read('corpus.jsonl')),
    queries: parseLines(read('queries.jsonl')),
    judgments: parseJudgments(read('qrels.tsv').split('\n').slice(1), ([query, document, grade]) => [query, document, grade]),
  };
}

type Fields = readonly (string | undefined)[];

/** Judgments of lines that hold a query, a document and a grade, between white space. */
export function parseJudgments(lines: readonly string[], pick: (fields: Fields) => Fields): Map<string, Map<string, number>> {
  const judgments = new Map<string, Map<string, number>>();
  for (const line of lines) {
    const [query, document, grade] = pick(line.trim().split(/\s+/));
    if (query === undefined || document === undefined || grade === undefined) continue;
    const known = judgments.get(query) ?? new Map<string, number>();
    judgments.set(query, known.set(document, Number(grade)));
  }
  return judgments;
}

function parseLines<Row>(text: string): Row[] {
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
}
