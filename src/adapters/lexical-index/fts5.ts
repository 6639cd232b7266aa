import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LexicalIndex, LexicalMatch, TermStatistics } from '#src/ports/lexical-index.ts';
import { bestFirst } from './best-first.ts';
import { addScores, NO_SUMS } from './sums.ts';
import { TermScoreCache } from './term-scores.ts';
import type { TermScores } from './term-scores.ts';

/** Of a question's distinct terms only these are looked at … */
const MAX_TERMS_READ = 1024;
/** … and of those only the rarest are searched: common words cost most and tell least. */
const MAX_TERMS_SEARCHED = 64;
/** A term that stands more often in a question weighs no more than this often. */
const MAX_REPETITIONS = 8;
/** Reading a score into JavaScript costs twice as much as ranking it in SQLite: worth it for words that come again, up to so many. */
const MAX_SCORES_READ = 20_000;

/** What `analyse` gives (src/rag/analyse.ts) and all that may reach the MATCH grammar. */
const TERM = /^[\p{L}\p{N}\p{M}]+$/u;

/**
 * BM25 (k1 = 1.2, b = 0.75) by SQLite's FTS5 over terms that are analysed already: a table of its own for each
 * collection, since one table for all would rank one tenant's chunks by the other's words. The table keeps the terms of
 * its rows: a contentless one (`contentless_delete=1`) still counts, in SQLite 3.53, the rows that it has deleted among
 * all rows, so that every document that is replaced would make common words weigh more.
 *
 * BM25 is a sum over the terms, so FTS5 scores each term on its own, once for each state of the index, and a search
 * adds up what is kept. Where too much would have to be read, FTS5 ranks the whole question. Either way a term that the
 * question repeats counts as often: the query's own term frequency. Long questions are cut to their 64 rarest terms of
 * the first 1024 distinct ones, each counted at most 8 times.
 *
 * Reads and writes belong to the transaction that is open on `database`.
 */
export class Fts5Index implements LexicalIndex {
  readonly #collection: number;
  readonly #cache: TermScoreCache;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #rank: StatementSync;
  readonly #score: StatementSync;
  readonly #countRows: StatementSync;
  readonly #countRowsWithTerm: StatementSync;

  /** Makes the tables of a collection, which is named by its number, never by a text of a user. */
  static create(database: DatabaseSync, collection: number): void {
    const table = tableOf(collection);
    database.exec(`
      create virtual table ${table} using fts5(terms, tokenize='ascii');
      create virtual table ${table}_terms using fts5vocab(${table}, row)`);
  }

  /** `cache` is shared by the indexes of one connection. */
  constructor(database: DatabaseSync, collection: number, cache = new TermScoreCache(database)) {
    const table = tableOf(collection);
    this.#collection = collection;
    this.#cache = cache;
    this.#insert = database.prepare(`insert into ${table} (rowid, terms) values (?, ?)`);
    this.#delete = database.prepare(`delete from ${table} where rowid = ?`);
    const match = `select rowid, -bm25(${table}) as score from ${table} where ${table} match ?`;
    this.#rank = database.prepare(`${match} order by score desc, rowid`);
    this.#score = database.prepare(`${match} order by rowid`);
    this.#score.setReturnArrays(true);
    this.#countRows = database.prepare(`select count(*) as total from ${table}_docsize`);
    this.#countRowsWithTerm = database.prepare(`select doc from ${table}_terms where term = ?`);
  }

  add(rowId: number, terms: readonly string[]): void {
    this.#cache.turnOff();
    this.#insert.run(rowId, terms.join(' '));
  }

  /** Does nothing when the row is not there. */
  remove(rowId: number): void {
    this.#cache.turnOff();
    this.#delete.run(rowId);
  }

  search(terms: readonly string[]): Iterable<LexicalMatch> {
    this.#cache.refresh();
    const wanted = this.#rarest(countTerms(terms));
    const unread = [...wanted.keys()].filter((term) => this.#cache.get(this.#keyOf(term)) === undefined);
    return this.#hasMore(unread, MAX_SCORES_READ) ? this.#ranked(wanted) : this.#summed(wanted);
  }

  /** Whether the terms have more than `limit` scores; where all rows together are too few, none is counted. */
  #hasMore(terms: readonly string[], limit: number): boolean {
    if (terms.length * this.#total() <= limit) return false;
    return terms.reduce((sum, term) => sum + this.#documentFrequency(term), 0) > limit;
  }

  #total(): number {
    return this.#cache.total(this.#collection, () => (this.#countRows.get() as { total: number }).total);
  }

  statistics(terms: readonly string[]): TermStatistics {
    this.#cache.refresh();
    const distinct = [...new Set(terms)].slice(0, MAX_TERMS_READ);
    const documentFrequency = Object.fromEntries(distinct.map((term) => [term, this.#documentFrequency(term)]));
    return { chunkCount: this.#total(), documentFrequency };
  }

  #documentFrequency(term: string): number {
    const kept = this.#cache.get(this.#keyOf(term));
    if (kept !== undefined) return kept.rowIds.length;
    const row = this.#countRowsWithTerm.get(term) as { doc: number } | undefined;
    return row?.doc ?? 0;
  }

  #rarest(terms: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    if (terms.size <= MAX_TERMS_SEARCHED) return terms;
    const present = [...terms]
      .map(([term, weight]) => ({ term, weight, frequency: this.#documentFrequency(term) }))
      .filter(({ frequency }) => frequency > 0)
      .sort((a, b) => a.frequency - b.frequency);
    return new Map(present.slice(0, MAX_TERMS_SEARCHED).map(({ term, weight }) => [term, weight]));
  }

  *#ranked(terms: ReadonlyMap<string, number>): Generator<LexicalMatch> {
    const phrases = [...terms].flatMap(([term, weight]) => Array<string>(weight).fill(quoted(term)));
    for (const row of this.#rank.iterate(phrases.join(' OR '))) {
      const { rowid, score } = row as { rowid: number; score: number };
      yield { rowId: rowid, score };
    }
  }

  #summed(terms: ReadonlyMap<string, number>): Iterable<LexicalMatch> {
    let sums = NO_SUMS;
    for (const [term, weight] of terms) sums = addScores(sums, this.#scoresOf(term), weight);
    return bestFirst(sums);
  }

  #scoresOf(term: string): TermScores {
    const kept = this.#cache.get(this.#keyOf(term));
    if (kept !== undefined) return kept;
    const rows = this.#score.all(quoted(term)) as unknown as [number, number][];
    const read = { rowIds: new Uint32Array(rows.length), scores: new Float32Array(rows.length) };
    for (const [at, [rowId, score]] of rows.entries()) {
      read.rowIds[at] = rowId;
      read.scores[at] = score;
    }
    this.#cache.set(this.#keyOf(term), read);
    return read;
  }

  #keyOf(term: string): string {
    return `${this.#collection} ${term}`;
  }
}

function quoted(term: string): string {
  return `"${term}"`;
}

/** The distinct terms with how often each counts. */
function countTerms(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) {
    const count = counts.get(term) ?? 0;
    if (count === 0 && (counts.size === MAX_TERMS_READ || !TERM.test(term))) continue;
    counts.set(term, Math.min(count + 1, MAX_REPETITIONS));
  }
  return counts;
}

function tableOf(collection: number): string {
  if (!Number.isSafeInteger(collection)) throw new TypeError(`a collection is named by its number, not by ${collection}`);
  return `lexical_${collection}`;
}
