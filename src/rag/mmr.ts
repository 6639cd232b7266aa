/** A candidate as it was picked. */
export interface MarginalPick {
  /** Its place among the candidates. */
  readonly index: number;
  /** What it added when it was picked; never more than what the pick before it added. */
  readonly score: number;
}

/** What candidates are picked by. */
export interface MarginalRelevance {
  /** Of each candidate, 0 to 1. */
  readonly relevance: readonly number[];
  /** Of two candidates, by their places, 0 to 1. */
  readonly similarity: (one: number, other: number) => number;
  /** Weight of relevance against novelty: 1 is the order of relevance alone. */
  readonly lambda: number;
}

/**
 * Maximal marginal relevance: picks again and again the candidate that is most relevant and least like what is picked
 * already, `lambda * relevance - (1 - lambda) * (greatest similarity to a pick)`. Equal ones keep their order. All
 * candidates are picked; `similarity` is asked once for each pair.
 *
 * Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing
 * summaries", SIGIR 1998.
 */
export function maximalMarginalRelevance({ relevance, similarity, lambda }: MarginalRelevance): MarginalPick[] {
  const left = new Map(relevance.map((_, index) => [index, 0]));
  const picks: MarginalPick[] = [];
  while (left.size > 0) {
    const pick = bestOf(left, relevance, lambda);
    left.delete(pick.index);
    picks.push(pick);
    for (const [index, nearest] of left) left.set(index, Math.max(nearest, similarity(pick.index, index)));
  }
  return picks;
}

/** `left` has the greatest similarity to a pick for each candidate that is left. */
function bestOf(left: ReadonlyMap<number, number>, relevance: readonly number[], lambda: number): MarginalPick {
  let best: MarginalPick = { index: -1, score: -Infinity };
  for (const [index, nearest] of left) {
    const score = lambda * (relevance[index] ?? 0) - (1 - lambda) * nearest;
    if (best.index === -1 || score > best.score) best = { index, score };
  }
  return best;
}
