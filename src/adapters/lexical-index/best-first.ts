import type { LexicalMatch } from '#src/ports/lexical-index.ts';
import type { Sums } from './sums.ts';

const FIRST_BATCH = 64;
const BATCH_GROWTH = 8;

/**
 * Puts scores in order, best first, without sorting what nobody reads: a first batch that one pass finds, and for those
 * who read on batches that grow, each cut off by a score that a numeric sort has found. Equal scores come by row number.
 */
export function* bestFirst(sums: Sums): Generator<LexicalMatch> {
  let ceiling = nthLargest(sums.scores, FIRST_BATCH);
  const first = between(sums, ceiling, Infinity);
  yield* first;
  let remaining = sums.scores.length - first.length;
  if (remaining === 0) return;
  const ascending = sums.scores.toSorted();
  for (let size = FIRST_BATCH * BATCH_GROWTH; remaining > 0; size *= BATCH_GROWTH) {
    const floor = ascending[Math.max(0, remaining - size)] ?? 0;
    const batch = between(sums, floor, ceiling);
    yield* batch;
    remaining -= batch.length;
    ceiling = floor;
  }
}

/** The smallest where there are fewer. */
function nthLargest(values: Float64Array, count: number): number {
  const largest = values.slice(0, count).sort();
  for (let at = count; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    if (value > (largest[0] ?? 0)) replaceSmallest(largest, value);
  }
  return largest[0] ?? 0;
}

function replaceSmallest(ascending: Float64Array, value: number): void {
  let place = 0;
  for (let next = ascending[1]; next !== undefined && next < value; next = ascending[place + 1]) {
    ascending[place] = next;
    place += 1;
  }
  ascending[place] = value;
}

function between({ rowIds, scores }: Sums, floor: number, ceiling: number): LexicalMatch[] {
  const batch: LexicalMatch[] = [];
  for (let at = 0; at < scores.length; at += 1) {
    const score = scores[at] ?? 0;
    if (score >= floor && score < ceiling) batch.push({ rowId: rowIds[at] ?? 0, score });
  }
  return batch.sort((a, b) => b.score - a.score || a.rowId - b.rowId);
}
