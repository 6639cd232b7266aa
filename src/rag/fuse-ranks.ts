/** Softens the weight of the first places; the constant of Cormack, Clarke and Büttcher (SIGIR 2009). */
const RANK_CONSTANT = 60;

/**
 * Reciprocal rank fusion: one list of all items, best first, each scored Σ 1/(60 + rank) over the lists that hold it,
 * rank from 1. Of equal items the one from the earlier list stays; ties keep the order of the lists.
 */
export function fuseRanks<Item extends { readonly id: string; readonly score: number }>(lists: readonly (readonly Item[])[]): Item[] {
  const fused = new Map<string, Item>();
  for (const list of lists) {
    for (const [index, item] of list.entries()) {
      const share = 1 / (RANK_CONSTANT + index + 1);
      const known = fused.get(item.id);
      fused.set(item.id, { ...(known ?? item), score: (known?.score ?? 0) + share });
    }
  }
  return [...fused.values()].sort((a, b) => b.score - a.score);
}
