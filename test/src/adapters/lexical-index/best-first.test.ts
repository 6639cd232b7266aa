import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bestFirst } from '#src/adapters/lexical-index/best-first.ts';
import { addScores, NO_SUMS } from '#src/adapters/lexical-index/sums.ts';
import type { TermScores } from '#src/adapters/lexical-index/term-scores.ts';

/** Few different scores, so that many are equal; more rows than two batches hold. */
const scored = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 40 })), {
  selector: ([rowId]) => rowId,
  maxLength: 1500,
  size: 'max',
});

function termScores(rows: readonly (readonly [rowId: number, score: number])[]): TermScores {
  const ascending = rows.toSorted(([a], [b]) => a - b);
  return { rowIds: Uint32Array.from(ascending, ([rowId]) => rowId), scores: Float32Array.from(ascending, ([, score]) => score) };
}

test('scores come best first to the last of them, equal ones by their row', () => {
  fc.assert(
    fc.property(scored, (rows) => {
      const expected = rows.map(([rowId, score]) => ({ rowId, score })).sort((a, b) => b.score - a.score || a.rowId - b.rowId);
      expect([...bestFirst(addScores(NO_SUMS, termScores(rows), 1))]).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

test('a row’s sum is that of its terms, each by its weight', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(scored, fc.integer({ min: 1, max: 8 })), { maxLength: 4 }), (terms) => {
      const expected = new Map<number, number>();
      for (const [rows, weight] of terms) for (const [rowId, score] of rows) expected.set(rowId, (expected.get(rowId) ?? 0) + weight * score);
      const sums = terms.reduce((all, [rows, weight]) => addScores(all, termScores(rows), weight), NO_SUMS);
      expect([...sums.rowIds].map((rowId, at) => [rowId, sums.scores[at]])).toEqual([...expected].sort(([a], [b]) => a - b));
    }),
    { numRuns: 50 },
  );
});
