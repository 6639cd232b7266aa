export type Metric = 'cosine' | 'dotproduct' | 'euclidean';

export interface SparseValues {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** The score as Pinecone gives it: for `euclidean` the squared distance, where lower is better. */
export function denseScore(metric: Metric, a: readonly number[], b: readonly number[]): number {
  if (metric === 'euclidean') return a.reduce((sum, value, index) => sum + (value - (b[index] ?? 0)) ** 2, 0);
  const product = dot(a, b);
  if (metric === 'dotproduct') return product;
  const norms = Math.sqrt(dot(a, a) * dot(b, b));
  return norms === 0 ? 0 : product / norms;
}

export function sparseScore(a: SparseValues, b: SparseValues): number {
  const weights = new Map(b.indices.map((index, position) => [index, b.values[position] ?? 0]));
  return a.indices.reduce((sum, index, position) => sum + (a.values[position] ?? 0) * (weights.get(index) ?? 0), 0);
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}
