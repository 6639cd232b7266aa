import type { AnswerEnd, Citation, Source } from '#src/ports/answer.ts';
import { printable } from '../terminal.ts';

/** A document that an answer cites: its number in the answer, and what names it. */
export interface Reference {
  readonly number: number;
  readonly file: string;
  readonly title: string;
}

export interface NumberedAnswer {
  readonly references: readonly Reference[];
  /** By the id of the source. Two sources of one document have one number. */
  readonly numbers: ReadonlyMap<string, number>;
}

/**
 * Numbers the documents of an answer in the order in which it cites them; where it cites none, in the order of the
 * sources. A refusal has no references.
 */
export function numberSources({ citations, sources, finish }: Pick<AnswerEnd, 'citations' | 'sources' | 'finish'>): NumberedAnswer {
  const byId = new Map(sources.map((source) => [source.id, source]));
  const cited = byPosition(citations).flatMap(({ source_id: id }) => byId.get(id) ?? []);
  const listed = cited.length > 0 ? cited : finish === 'refused' ? [] : sources;
  const numberOf = new Map([...new Set(listed.map((source) => source.document_id))].map((document, index) => [document, index + 1]));
  const references = [...numberOf].map(([document, number]) => reference(number, listed.find((source) => source.document_id === document)));
  const numbers = new Map(listed.map(({ id, document_id: document }) => [id, numberOf.get(document) ?? 0]));
  return { references: references.filter((one) => one !== undefined), numbers };
}

function reference(number: number, source: Source | undefined): Reference | undefined {
  return source && { number, file: source.uri ?? source.document_id, title: source.title };
}

/** The answer with ` [n]` behind each cited span. */
export function markCitations(answer: string, citations: readonly Citation[], numbers: ReadonlyMap<string, number>): string {
  const marksAt = new Map<number, Set<number>>();
  for (const { source_id: id, end } of byPosition(citations)) {
    const number = numbers.get(id);
    if (number !== undefined) marksAt.set(end, (marksAt.get(end) ?? new Set()).add(number));
  }
  let marked = '';
  let from = 0;
  for (const [end, marks] of [...marksAt].sort(([a], [b]) => a - b)) {
    marked += `${answer.slice(from, end)} ${[...marks].map((number) => `[${number}]`).join('')}`;
    from = end;
  }
  return marked + answer.slice(from);
}

/** The lines of the list below an answer. */
export function listReferences(references: readonly Reference[]): string[] {
  return references.map(({ number, file, title }) => {
    const isNamed = title !== '' && title !== file;
    return printable(`[${number}] ${file}${isNamed ? ` · ${title}` : ''}`);
  });
}

function byPosition(citations: readonly Citation[]): readonly Citation[] {
  return [...citations].sort((a, b) => a.end - b.end || a.start - b.start);
}

/** Characters that take one column on every terminal: Latin text and its punctuation. */
const SINGLE_COLUMN = /^[\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e]*$/;

/** How many rows of the screen a text takes; undefined where that cannot be told from the text alone. */
export function rowsOf(text: string, columns: number): number | undefined {
  if (!SINGLE_COLUMN.test(text)) return undefined;
  return text.split('\n').reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / columns)), 0);
}
