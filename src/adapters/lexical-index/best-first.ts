import type { LexicalMatch } from '#src/ports/lexical-index.ts';

const FIRST_BATCH = 64;
const BATCH_GROWTH = 8;

/**
 * Puts scores in order, best first, without sorting what nobody reads: batches that grow, each cut off by a score that
 * a numeric sort has found. Equal scores come by row number.
 */
export function* bestFirst(scores: ReadonlyMap<number, number>): Generator<LexicalMatch> {
  const ascending = Float64Array.from(scores.values()).sort();
  let remaining = ascending.length;
  let ceiling = Infinity;
  for (let size = FIRST_BATCH; remaining > 0; size *= BATCH_GROWTH) {
    const floor = ascending[Math.max(0, remaining - size)] ?? 0;
    const batch = between(scores, floor, ceiling);
    yield* batch;
    remaining -= batch.length;
    ceiling = floor;
  }
}

function between(scores: ReadonlyMap<number, number>, floor: number, ceiling: number): LexicalMatch[] {
  const batch: LexicalMatch[] = [];
  for (const [rowId, score] of scores) if (score >= floor && score < ceiling) batch.push({ rowId, score });
  return batch.sort((a, b) => b.score - a.score || a.rowId - b.rowId);
}
