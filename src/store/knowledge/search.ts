import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Metadata, Source } from '#src/ports/answer.ts';
import type { LexicalMatch } from '#src/ports/lexical-index.ts';
import type { SearchRequest, SearchResult } from '#src/ports/store.ts';
import { chunkId } from '#src/rag/chunk-id.ts';
import { questionTerms } from '#src/rag/terms.ts';
import { queryOne } from '../sqlite.ts';
import type { Collection, CollectionRows } from './collections.ts';

export interface FilteredRow {
  readonly document_number: number;
  readonly metadata: string;
}

interface MatchRow extends FilteredRow {
  readonly document_id: string;
  readonly version: number;
  readonly title: string;
  readonly uri: string | null;
  readonly position: number;
}

/** Finds the chunks that answer a question by its words. Expects an open transaction, which is the snapshot it sees. */
export class Search {
  readonly #collections: CollectionRows;
  readonly #selectMatch: StatementSync;
  readonly #selectText: StatementSync;

  constructor(database: DatabaseSync, collections: CollectionRows) {
    this.#collections = collections;
    this.#selectMatch = database.prepare(
      `select document.number as document_number, document.id as document_id, document.version, document.title,
         document.uri, document.metadata, chunk.position
       from chunk join document on document.tenant = chunk.tenant and document.collection = chunk.collection
         and document.number = chunk.document
       where chunk.tenant = ? and chunk.collection = ? and chunk.number = ?`,
    );
    this.#selectText = database.prepare('select text from chunk where tenant = ? and collection = ? and number = ?');
  }

  search(collection: Collection | undefined, request: SearchRequest): SearchResult {
    const terms = questionTerms(request.question, request.language);
    if (collection === undefined) return { sources: [], terms, statistics: { chunkCount: 0, documentFrequency: {} } };
    // Searching first: it keeps the frequencies that the statistics are made of.
    const sources = this.#sources(collection, terms, request);
    return { sources, terms, statistics: this.#collections.indexOf(collection).statistics(terms) };
  }

  /** Reads matches, best first, only until there are enough: a filter costs no more than what it leaves out. */
  #sources(collection: Collection, terms: readonly string[], { limit, filter }: SearchRequest): Source[] {
    const isWanted = documentFilter(filter);
    const sources: Source[] = [];
    for (const match of this.#collections.indexOf(collection).search(terms)) {
      if (sources.length >= limit) break;
      const row = queryOne<MatchRow>(this.#selectMatch, collection.tenant, collection.number, match.rowId);
      if (row === undefined) throw new TypeError(`the index names chunk ${match.rowId}, which does not exist`);
      if (isWanted(row)) sources.push(this.#toSource(collection, match, row));
    }
    return sources;
  }

  #toSource({ tenant, number }: Collection, match: LexicalMatch, row: MatchRow): Source {
    const chunk = queryOne<{ text: string }>(this.#selectText, tenant, number, match.rowId);
    return {
      id: chunkId(row.document_id, row.version, row.position),
      document_id: row.document_id,
      title: row.title,
      uri: row.uri,
      text: chunk?.text ?? '',
      score: match.score,
      metadata: JSON.parse(row.metadata) as Metadata,
    };
  }
}

/** Asks each document once, however many of its chunks match. */
export function documentFilter(filter: Metadata | undefined): (row: FilteredRow) => boolean {
  if (filter === undefined) return () => true;
  const wanted = Object.entries(filter);
  const verdicts = new Map<number, boolean>();
  return (row) => {
    const known = verdicts.get(row.document_number);
    if (known !== undefined) return known;
    const metadata = new Map(Object.entries(JSON.parse(row.metadata) as Metadata));
    const verdict = wanted.every(([key, value]) => metadata.get(key) === value);
    verdicts.set(row.document_number, verdict);
    return verdict;
  };
}
