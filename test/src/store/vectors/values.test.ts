import { expect, test } from 'vitest';
import { checkDirection, cosine, fromHalfFloats, toHalfFloats } from '#src/store/vectors/values.ts';

test.each([
  { fault: 'a wrong dimension', values: [1, 0, 0], message: /^v1: expected 2 dimensions, got 3$/ },
  { fault: 'NaN', values: [Number.NaN, 1], message: /^v1: expected finite numbers, got NaN or infinity$/ },
  { fault: 'infinity', values: [Infinity, 1], message: /^v1: expected finite numbers/ },
  { fault: 'the zero vector', values: [0, 0], message: /^v1: expected a direction, got the zero vector$/ },
])('a vector with $fault is refused by its name', ({ values, message }) => {
  expect(() => checkDirection('v1', new Float32Array(values), 2)).toThrow(message);
});

test('what is stored is the direction in half precision, whatever the length was', () => {
  const values = Float32Array.from([3e5, -4e5]);
  const stored = toHalfFloats(values);
  expect(stored.byteLength).toBe(4);
  const target = new Float32Array(4);
  fromHalfFloats(stored, target, 2);
  expect([...target]).toEqual([0, 0, expect.closeTo(0.6, 3), expect.closeTo(-0.8, 3)]);
  expect(cosine(values, target.subarray(2))).toBeCloseTo(1, 6);
});

test('stored bytes are read from wherever they lie in their buffer', () => {
  const bytes = new Uint8Array(5);
  bytes.set(toHalfFloats(Float32Array.from([0, 1])), 1);
  const target = new Float32Array(2);
  fromHalfFloats(bytes.subarray(1), target);
  expect([...target]).toEqual([0, 1]);
});

test('a vector without direction is similar to nothing', () => {
  expect(cosine(Float32Array.from([1, 0]), new Float32Array(2))).toBe(0);
});
