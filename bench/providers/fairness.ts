/**
 * Jain's index of how evenly something is shared (Jain, Chiu, Hawe 1984): 1 when all have the same, 1/n when one has it
 * all. NaN for no values.
 */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}
