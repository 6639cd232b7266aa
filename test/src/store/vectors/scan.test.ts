import { expect, test } from 'vitest';
import { CodeMatrix, encode } from '#src/store/vectors/code-matrix.ts';
import { LazyNative } from '#src/store/vectors/native.ts';
import { scan } from '#src/store/vectors/scan.ts';
import { clusteredVectors } from '../../../support/vector-examples.ts';

const DIMENSION = 31;

function matrixOf(vectors: readonly Float32Array[]): CodeMatrix {
  const matrix = new CodeMatrix(DIMENSION);
  for (const [index, vector] of vectors.entries()) matrix.add(index + 1, encode(vector), 0);
  return matrix;
}

test('with and without the native library the same rows are nearest, over all blocks', async () => {
  const vectors = clusteredVectors(9000, DIMENSION);
  const matrix = matrixOf(vectors);
  for (const at of [0, 100, 8999]) {
    const query = encode(vectors[at] ?? new Float32Array(DIMENSION));
    const native = await scan(matrix, query, { count: 20 }, new LazyNative(false));
    const script = await scan(matrix, query, { count: 20 }, new LazyNative(true));
    expect(native[0]?.row).toBe(at);
    expect(native[0]?.nearness).toBeCloseTo(1, 3);
    expect(new Set(script.map(({ row }) => row))).toEqual(new Set(native.map(({ row }) => row)));
    for (const [index, { nearness }] of script.entries()) expect(nearness).toBeCloseTo(native[index]?.nearness ?? 0, 3);
  }
});

test.each([true, false])('a scan of some rows finds no other row (native off: %s)', async (isOff) => {
  const vectors = clusteredVectors(2000, DIMENSION);
  const matrix = matrixOf(vectors);
  const rows = Array.from({ length: 900 }, (_, index) => 2 * index + 1);
  const near = await scan(matrix, encode(vectors[4] ?? new Float32Array(DIMENSION)), { count: 900, rows }, new LazyNative(isOff));
  expect(near.map(({ row }) => row).toSorted((a, b) => a - b)).toEqual(rows);
});

test('a scan of nothing finds nothing', async () => {
  const query = encode(Float32Array.from({ length: DIMENSION }, () => 1));
  expect(await scan(new CodeMatrix(DIMENSION), query, { count: 5 }, new LazyNative(false))).toEqual([]);
  expect(await scan(matrixOf(clusteredVectors(3, DIMENSION)), query, { count: 5, rows: [] }, new LazyNative(false))).toEqual([]);
});
