import { ProviderError } from '#src/ports/provider-error.ts';

/** A score as rerankers answer it: best first, with the place its document had in the request. */
export interface RankedScore {
  readonly index: unknown;
  readonly score: unknown;
}

/**
 * The scores in the order of the documents. Throws ProviderError `bad_response` unless every document has exactly one,
 * a finite number.
 */
export function scoresInOrder(ranked: readonly RankedScore[], count: number, account: string): number[] {
  const scores = new Map<number, number>();
  for (const { index, score } of ranked) {
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || scores.has(index)) {
      throw new ProviderError('bad_response', account, `expected each of ${count} documents once, got index: ${String(index)}`);
    }
    if (typeof score !== 'number' || !Number.isFinite(score)) {
      throw new ProviderError('bad_response', account, `expected a finite score, got: ${typeof score}`);
    }
    scores.set(index, score);
  }
  if (scores.size !== count) throw new ProviderError('bad_response', account, `expected ${count} scores, got: ${scores.size}`);
  return Array.from({ length: count }, (_, index) => scores.get(index) ?? 0);
}
