/** The value below or at which this share of the values lies, by the nearest rank; undefined for no values. `share` is in (0, 1]. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
