import type { BatchLimits } from '#src/ports/embedding-model.ts';
import type { VectorRecord } from '#src/ports/vector-index.ts';

/** Cuts items into batches within both limits, in their order. One that is too large on its own has a batch of its own. */
export function batchesOf<Item>(items: readonly Item[], { maxItems, maxBytes }: BatchLimits, bytesOf: (item: Item) => number): Item[][] {
  const batches: Item[][] = [];
  let batch: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (batch.length > 0 && (batch.length >= maxItems || bytes + size > maxBytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** Room for what a request holds beside the items: names, brackets, commas. */
const ITEM_OVERHEAD_BYTES = 256;
/** A float of 32 bits, printed as JavaScript prints it, with its comma. */
const FLOAT_BYTES = 24;
/** Names of fields, tenant and collection. */
const RECORD_OVERHEAD_BYTES = 1024;

/** Of a value in a JSON body. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + ITEM_OVERHEAD_BYTES;
}

/** Of a record in the body of any index, rather more than less. */
export function recordBytes({ id, values, text, title, uri, metadata }: VectorRecord): number {
  // Qdrant holds the metadata twice, to be read and as facts to filter by, which quotes it a second time, and three fields begin with the id.
  const twice = 4 * Buffer.byteLength(JSON.stringify(metadata)) + 3 * id.length;
  return values.length * FLOAT_BYTES + Buffer.byteLength(JSON.stringify([text, title, uri])) + twice + RECORD_OVERHEAD_BYTES;
}
