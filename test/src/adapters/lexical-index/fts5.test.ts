import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fts5Index } from '#src/adapters/lexical-index/fts5.ts';
import type { LexicalMatch } from '#src/ports/lexical-index.ts';
import { temporaryDirectory } from '../../../support/store-directory.ts';

function newIndex(rows: readonly (readonly string[])[] = []): Fts5Index {
  const database = new DatabaseSync(':memory:');
  Fts5Index.create(database, 1);
  const index = new Fts5Index(database, 1);
  for (const [at, terms] of rows.entries()) index.add(at + 1, terms);
  return index;
}

function search(index: Fts5Index, ...terms: string[]): LexicalMatch[] {
  return [...index.search(terms)];
}

function rowIdsOf(matches: readonly LexicalMatch[]): number[] {
  return matches.map(({ rowId }) => rowId);
}

/** BM25 as FTS5 documents it, over plain arrays. */
function bm25(rows: readonly (readonly string[])[], terms: readonly string[]): LexicalMatch[] {
  const averageLength = rows.reduce((sum, row) => sum + row.length, 0) / rows.length;
  const scoreOf = (row: readonly string[], term: string): number => {
    const holders = rows.filter((other) => other.includes(term)).length;
    const idf = Math.max(1e-6, Math.log((rows.length - holders + 0.5) / (holders + 0.5)));
    const frequency = row.filter((word) => word === term).length;
    return (idf * frequency * 2.2) / (frequency + 1.2 * (0.25 + (0.75 * row.length) / averageLength));
  };
  return rows
    .map((row, at) => ({ rowId: at + 1, score: terms.reduce((sum, term) => sum + scoreOf(row, term), 0) }))
    .filter(({ score }) => score > 0);
}

const term = fc.constantFrom('ant', 'bee', 'cat', 'dog', 'élan', '漢字', 'x1');
const row = fc.array(term, { minLength: 1, maxLength: 12 });
const rows = fc.array(row, { minLength: 1, maxLength: 30 });

describe('ranking', () => {
  test('is BM25, the question’s own term frequency counted', () => {
    fc.assert(
      fc.property(rows, fc.array(term, { minLength: 1, maxLength: 6 }), (corpus, question) => {
        const found = search(newIndex(corpus), ...question);
        const expected = new Map(bm25(corpus, question).map(({ rowId, score }) => [rowId, score]));
        expect(new Set(rowIdsOf(found))).toEqual(new Set(expected.keys()));
        for (const { rowId, score } of found) expect(score).toBeCloseTo(expected.get(rowId) ?? 0, 4);
      }),
    );
  });

  test('gives the best first, equals by their row', () => {
    fc.assert(
      fc.property(rows, row, (corpus, question) => {
        const found = search(newIndex(corpus), ...question);
        expect(found).toEqual(found.toSorted((a, b) => b.score - a.score || a.rowId - b.rowId));
      }),
    );
  });

  test('is the same whether scores are summed or FTS5 ranks the whole question', () => {
    const wide = Array.from({ length: 25_000 }, (_, at) => ['common', ...(at % 7 === 0 ? ['seventh'] : []), `only${at}`]);
    const index = newIndex(wide);
    const ranked = search(index, 'seventh', 'seventh', 'only14', 'common');
    const summed = search(index, 'seventh', 'seventh', 'only14');
    expect(ranked).toHaveLength(25_000);
    expect(rowIdsOf(ranked.slice(0, 500))).toEqual(rowIdsOf(summed.slice(0, 500)));
    expect(ranked[0]?.score).toBeCloseTo(summed[0]?.score ?? 0, 4);
  });

  test('weighs a term more the more often the question has it', () => {
    const index = newIndex([['ant'], ['bee'], ['cat'], ['dog'], ['dog'], ['ant', 'x']]);
    expect(search(index, 'ant', 'bee')[0]?.rowId).toBe(2);
    expect(search(index, 'ant', 'ant', 'ant', 'bee')[0]?.rowId).toBe(1);
  });
});

describe('changes', () => {
  test('an index from which rows were removed is the index that never had them', () => {
    const holes = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(rows, holes, row, (corpus, isRemoved, question) => {
        const changed = newIndex(corpus);
        const kept = new Map(corpus.entries().filter(([at]) => isRemoved[at] !== true));
        for (const at of corpus.keys()) if (!kept.has(at)) changed.remove(at + 1);
        const fresh = newIndex();
        for (const [at, terms] of kept) fresh.add(at + 1, terms);
        expect(search(changed, ...question)).toEqual(search(fresh, ...question));
        expect(changed.statistics(question)).toEqual(fresh.statistics(question));
      }),
    );
  });

  test('a row that is there already is refused', () => {
    const index = newIndex([['ant']]);
    expect(() => index.add(1, ['bee'])).toThrow(/constraint/);
    expect(search(index, 'bee')).toEqual([]);
  });

  test('a row that is not there is removed without a word', () => {
    const index = newIndex([['ant']]);
    index.remove(7);
    expect(search(index, 'ant')).toHaveLength(1);
  });

  test('what a transaction adds is found in it, and not after it was rolled back', () => {
    const database = new DatabaseSync(':memory:');
    Fts5Index.create(database, 1);
    const index = new Fts5Index(database, 1);
    index.add(1, ['ant']);
    database.exec('begin');
    index.add(2, ['ant']);
    expect(search(index, 'ant')).toHaveLength(2);
    database.exec('rollback');
    expect(search(index, 'ant')).toHaveLength(1);
  });
});

describe('statistics', () => {
  test('count the chunks, and for each term those that hold it', () => {
    const index = newIndex([['ant', 'ant', 'bee'], ['bee'], ['cat']]);
    const expected = { chunkCount: 3, documentFrequency: { ant: 1, bee: 2, dog: 0 } };
    expect(index.statistics(['ant', 'bee', 'bee', 'dog'])).toEqual(expected);
  });

  test('have an own entry for every term, `constructor` and `__proto__` among them', () => {
    const { documentFrequency } = newIndex([['constructor']]).statistics(['constructor', 'hasownproperty']);
    expect(Object.entries(documentFrequency)).toEqual([['constructor', 1], ['hasownproperty', 0]]);
  });
});

describe('questions', () => {
  test('without a term, or with none that is known, find nothing', () => {
    const index = newIndex([['ant']]);
    expect([search(index), search(index, 'bee')]).toEqual([[], []]);
  });

  test('can say nothing in the MATCH grammar', () => {
    const index = newIndex([['ant', 'or', 'bee'], ['near'], ['terms']]);
    const hostile = ['"', 'ant" OR "bee', 'terms:', 'NEAR(', '*', '^ant', '{', 'a\0b', '-', '', "'; drop table lexical_1"];
    expect(search(index, ...hostile)).toEqual([]);
    expect(rowIdsOf(search(index, 'near', ...hostile))).toEqual([2]);
  });

  test('of any length cost no more than their 64 rarest terms', () => {
    const words = Array.from({ length: 200 }, (_, at) => `w${at}`);
    const index = newIndex(words.map((_, at) => words.slice(0, at + 1)));
    const question = Array.from({ length: 100_000 }, (_, at) => words[at % 200] ?? '');
    const found = search(index, ...question);
    // w136 and later are the rarest; the first row that holds one is row 137.
    expect(Math.min(...rowIdsOf(found))).toBe(137);
  });

  test('can stop reading at any match', () => {
    const index = newIndex(Array.from({ length: 1000 }, () => ['ant']));
    const [first] = index.search(['ant']);
    expect(first?.rowId).toBe(1);
    expect(search(index, 'ant')).toHaveLength(1000);
  });
});

test('an index of one collection knows nothing of another', () => {
  const database = new DatabaseSync(':memory:');
  for (const collection of [1, 2]) Fts5Index.create(database, collection);
  const [one, two] = [new Fts5Index(database, 1), new Fts5Index(database, 2)];
  one.add(1, ['ant']);
  expect([search(two, 'ant'), two.statistics(['ant'])]).toEqual([[], { chunkCount: 0, documentFrequency: { ant: 0 } }]);
});

test.each([1.5, Number.NaN, 2 ** 60])('%d names no collection', (collection) => {
  expect(() => Fts5Index.create(new DatabaseSync(':memory:'), collection)).toThrow(TypeError);
});

test('what another connection commits is counted and found at once', () => {
  const path = join(temporaryDirectory(), 'lexical.db');
  const [writing, reading] = [new DatabaseSync(path), new DatabaseSync(path)];
  writing.exec('pragma journal_mode=wal');
  Fts5Index.create(writing, 1);
  const [writer, reader] = [new Fts5Index(writing, 1), new Fts5Index(reading, 1)];
  for (const total of [1, 2, 3]) {
    writer.add(total, ['ant']);
    expect(reader.statistics(['ant'])).toEqual({ chunkCount: total, documentFrequency: { ant: total } });
    expect(search(reader, 'ant')).toHaveLength(total);
  }
});
