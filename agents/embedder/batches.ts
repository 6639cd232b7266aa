import type { BatchLimits } from '#src/ports/embedding-model.ts';

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

/** Of a value in a JSON body. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + ITEM_OVERHEAD_BYTES;
}

/** Of a record in a JSON body, rather more than less. */
export function recordBytes({ values, ...rest }: { readonly values: Float32Array }): number {
  return values.length * FLOAT_BYTES + jsonBytes(rest);
}
