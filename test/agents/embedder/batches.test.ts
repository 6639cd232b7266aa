import { describe, expect, test } from 'vitest';
import { batchesOf, jsonBytes, recordBytes } from '#agents/embedder/batches.ts';

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

  test('count at least what a body holds', () => {
    const values = Float32Array.from({ length: 100 }, (_, at) => -Math.fround(1 / (at + 3)) * 1e-7);
    const record = { id: 'a#1#0', metadata: { title: 'é"\n' }, text: 'ä'.repeat(50) };
    expect(recordBytes({ ...record, values })).toBeGreaterThan(Buffer.byteLength(JSON.stringify({ ...record, values: [...values] })));
    expect(jsonBytes('"\u0001é')).toBeGreaterThan(Buffer.byteLength(JSON.stringify('"\u0001é')));
  });
});
