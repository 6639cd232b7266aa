import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorRecord } from '#src/ports/vector-index.ts';

/** Every index takes up to this many, and no answer shows more. */
const MAX_TOP_K = 10_000;
/** A component of a unit vector, rounded to this share of one: a cosine of 1024 dimensions moves by less than 2e-7. */
const STEPS_PER_UNIT = 1e8;

export interface RecordLimits {
  readonly account: string;
  readonly maxItems: number;
  /** That of the first record when absent. */
  readonly dimension?: number;
}

/**
 * The records to send: of several with one id the last. Throws ProviderError `too_large` for more than `maxItems`, and
 * `bad_request` for vectors that no index can compare: of different lengths, all zero, or with a component that is no
 * finite number.
 */
export function checkedRecords(records: readonly VectorRecord[], { account, maxItems, dimension = records[0]?.values.length }: RecordLimits): readonly VectorRecord[] {
  if (records.length > maxItems) throw new ProviderError('too_large', account, `a write takes at most ${maxItems} records, got: ${records.length}`);
  const byId = new Map<string, VectorRecord>();
  for (const record of records) {
    checkVector(record.values, account, dimension);
    byId.set(record.id, record);
  }
  return [...byId.values()];
}

/** Throws ProviderError `bad_request`, as checkedRecords does. */
export function checkVector(vector: Float32Array, account: string, dimension = vector.length): void {
  if (vector.length !== dimension || vector.length === 0) {
    throw new ProviderError('bad_request', account, `expected a vector of ${dimension} numbers, got: ${vector.length}`);
  }
  // Finite whatever the components: none of them is above 4e38. Not a number once one of them is none.
  let sum = 0;
  for (let at = 0; at < vector.length; at += 1) sum += Math.abs(vector[at] ?? 0);
  if (!Number.isFinite(sum)) throw new ProviderError('bad_request', account, 'expected a vector of finite numbers');
  if (sum === 0) throw new ProviderError('bad_request', account, 'expected a vector of length 1, got: all zero');
}

/** Half as long in JSON as the exact value of a float, which takes up to 20 digits. Every question has one made: an indexed loop is five times as fast as an iterator. */
export function wireVector(vector: Float32Array): number[] {
  const wire: number[] = [];
  for (let at = 0; at < vector.length; at += 1) wire.push(Math.round((vector[at] ?? 0) * STEPS_PER_UNIT) / STEPS_PER_UNIT);
  return wire;
}

/** `topK` within what an index takes; 0 asks for nothing. */
export function boundedTopK(topK: number): number {
  return Math.min(Math.max(Math.trunc(topK), 0), MAX_TOP_K);
}
