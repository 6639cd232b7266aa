import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorRecord } from '#src/ports/vector-index.ts';

/** Every index takes up to this many, and no answer shows more. */
const MAX_TOP_K = 10_000;
/** A component of a unit vector, rounded to this share of one: a cosine of 1024 dimensions moves by less than 2e-7. */
const STEPS_PER_UNIT = 1e8;
/** `-0.12345678,` */
const BYTES_PER_COMPONENT = 12;
/** Names of fields, tenant and collection. */
const BYTES_PER_RECORD = 1024;

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
  if (!vector.every(Number.isFinite)) throw new ProviderError('bad_request', account, 'expected a vector of finite numbers');
  if (vector.every((component) => component === 0)) throw new ProviderError('bad_request', account, 'expected a vector of length 1, got: all zero');
}

/** Half as long in JSON as the exact value of a float, which takes up to 20 digits. */
export function wireVector(vector: Float32Array): number[] {
  return Array.from(vector, (component) => Math.round(component * STEPS_PER_UNIT) / STEPS_PER_UNIT);
}

/** How many bytes of a request's body the record takes at most, for who keeps `batch.maxBytes`. */
export function upsertBytes(record: VectorRecord): number {
  const texts = JSON.stringify([record.text, record.title, record.uri]);
  // Qdrant holds the metadata twice: to be read, and as exact facts to filter by, which quotes it a second time.
  const metadata = 4 * Buffer.byteLength(JSON.stringify(record.metadata));
  // And the id with what begins it, as up to three fields.
  return record.values.length * BYTES_PER_COMPONENT + Buffer.byteLength(texts) + metadata + 3 * record.id.length + BYTES_PER_RECORD;
}

/** `topK` within what an index takes; 0 asks for nothing. */
export function boundedTopK(topK: number): number {
  return Math.min(Math.max(Math.trunc(topK), 0), MAX_TOP_K);
}
