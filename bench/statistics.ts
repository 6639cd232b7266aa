/** The value below or at which this share of the values lies, by the nearest rank. `share` is in (0, 1]. Throws TypeError for no values. */
export function quantile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new TypeError('no values, no quantile');
  return value;
}

/** The middle value; of two, their mean. Throws TypeError for no values. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new TypeError('no values, no median');
  return (lower + upper) / 2;
}

/** Throws TypeError for no values. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new TypeError('no values, no mean');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
