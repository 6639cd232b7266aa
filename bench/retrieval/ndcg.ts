/** Judged documents of one query: id → grade. */
export type Judgments = ReadonlyMap<string, number>;

/**
 * Normalised discounted cumulative gain of the first `depth` documents, as trec_eval's `ndcg_cut`: the gain is the grade,
 * the discount log2(rank + 1); documents that were not judged, or below zero, gain nothing. Undefined for a query
 * without a positive judgment.
 */
export function ndcg(ranking: readonly string[], judgments: Judgments, depth: number): number | undefined {
  const ideal = discountedGain([...judgments.values()].sort((a, b) => b - a), depth);
  if (ideal === 0) return undefined;
  return discountedGain(ranking.map((id) => judgments.get(id) ?? 0), depth) / ideal;
}

function discountedGain(grades: readonly number[], depth: number): number {
  return grades.slice(0, depth).reduce((sum, grade, index) => sum + Math.max(0, grade) / Math.log2(index + 2), 0);
}
