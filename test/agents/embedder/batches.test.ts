import { describe, expect, test } from 'vitest';
import { batchesOf, jsonBytes, recordBytes } from '#agents/embedder/batches.ts';
import { pineconeRecord } from '#src/adapters/vector-index/pinecone-records.ts';
import { pointOf } from '#src/adapters/vector-index/qdrant-points.ts';

function cut(sizes: readonly number[], maxItems: number, maxBytes: number): number[][] {
  return batchesOf(sizes, { maxItems, maxBytes }, (size) => size);
}

describe('batches', () => {
  test.for<[string, number[], number, number, number[][]]>([
    ['nothing', [], 3, 10, []],
    ['the number of items', [1, 1, 1, 1, 1], 2, 100, [[1, 1], [1, 1], [1]]],
    ['the bytes, which may be filled to the last one', [4, 6, 5, 6], 9, 10, [[4, 6], [5], [6]]],
    ['one item that is too large, alone', [1, 50, 1], 9, 10, [[1], [50], [1]]],
  ])('keep both limits and the order: %s', ([, sizes, maxItems, maxBytes, expected]) => {
    expect(cut(sizes, maxItems, maxBytes)).toEqual(expected);
  });

  test.for(['plain', '"\\\n\u0001', 'ä🦆'])('count at least what %j takes on the wire of every index', (unit) => {
    const record = {
      id: `${'d'.repeat(250)}#${'v'.repeat(250)}#${'1'.repeat(10)}`,
      values: Float32Array.from({ length: 64 }, (_, axis) => Math.cos(axis) / 8),
      text: unit.repeat(500),
      title: unit.repeat(30),
      uri: unit,
      metadata: { [unit]: unit.repeat(80), n: null, b: 0.1 },
    };
    const sent = [pineconeRecord(record, 'pinecone/docs'), pointOf({ tenant: 'acme', collection: 'docs' }, record)];
    for (const body of sent) expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(recordBytes(record));
  });

  test('count at least what a text takes', () => {
    expect(jsonBytes('"\u0001é')).toBeGreaterThan(Buffer.byteLength(JSON.stringify('"\u0001é')));
  });
});
