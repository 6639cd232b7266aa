import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Code } from '#src/store/vectors/code-matrix.ts';
import { CodeMatrix, encode, ROWS_PER_BLOCK } from '#src/store/vectors/code-matrix.ts';

const code = (number: number): Code => ({ values: Int8Array.of(number % 128, Math.floor(number / 128) % 128), length: number });

/** Each vector's number with its code as the scan would see it. */
function contents(matrix: CodeMatrix): Map<number, { values: number[]; length: number; label: number }> {
  const found = new Map<number, { values: number[]; length: number; label: number }>();
  for (let index = 0; index < matrix.blockCount; index += 1) {
    const { rows, codes, lengths } = matrix.block(index);
    for (let at = 0; at < rows; at += 1) {
      const row = index * ROWS_PER_BLOCK + at;
      const values = [...codes.subarray(at * 2, at * 2 + 2)];
      found.set(matrix.numbers[row] ?? -1, { values, length: lengths[at] ?? -1, label: matrix.labels[row] ?? -1 });
    }
  }
  return found;
}

const expected = (number: number): { values: number[]; length: number; label: number } => ({
  values: [...code(number).values],
  length: number,
  label: number + 7,
});

test('after any additions and removals it holds each vector that is left once, with its own code', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300 })), { maxLength: 600 }), (steps) => {
      const matrix = new CodeMatrix(2);
      const model = new Set<number>();
      const removals: [number | undefined, number | undefined][] = [];
      for (const [isAdded, number] of steps) {
        if (isAdded && !model.has(number)) {
          matrix.add(number, code(number), number + 7);
          model.add(number);
        } else if (!isAdded) {
          removals.push([matrix.remove(number), model.delete(number) ? number + 7 : undefined]);
        }
      }
      for (const [label, expectedLabel] of removals) expect(label).toBe(expectedLabel);
      expect(matrix.rows).toBe(model.size);
      expect(contents(matrix)).toEqual(new Map([...model].map((number) => [number, expected(number)])));
    }),
    { numRuns: 50 },
  );
});

test('rows of several blocks are kept, moved and gathered alike', () => {
  const matrix = new CodeMatrix(2);
  const count = 2 * ROWS_PER_BLOCK + 1;
  for (let number = 1; number <= count; number += 1) matrix.add(number, code(number), number + 7);
  expect(matrix.blockCount).toBe(3);
  matrix.remove(1);
  expect(matrix.blockCount).toBe(2);
  expect(matrix.rowOf(count)).toBe(0);
  const gathered = matrix.gather([0, ROWS_PER_BLOCK, 5]);
  expect([...gathered.lengths]).toEqual([count, ROWS_PER_BLOCK + 1, 6]);
  expect([...gathered.codes.subarray(0, 2)]).toEqual(expected(count).values);
  expect(contents(matrix).size).toBe(count - 1);
});

test('a code keeps the direction: largest component 127, signs kept, zero stays zero', () => {
  expect([...encode(Float32Array.of(0.5, -0.25, 0)).values]).toEqual([127, -63, 0]);
  expect(encode(new Float32Array(3))).toEqual({ values: new Int8Array(3), length: 0 });
});
