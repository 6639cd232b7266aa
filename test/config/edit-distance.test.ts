import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closest, editDistance } from '#config/edit-distance.ts';

describe('editDistance', () => {
  test.for<[string, string, number]>([
    ['', '', 0],
    ['', 'port', 4],
    ['port', 'port', 0],
    ['port', 'prot', 1],
    ['port', 'ports', 1],
    ['port', 'pork', 1],
    ['port', 'ort', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ])('from %j to %j is %i', ([a, b, distance]) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  test('is the same both ways, 0 only for equals, at most the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('closest', () => {
  test('finds the name that was meant', () => {
    expect(closest('data-dirr', ['port', 'data_dir', 'top_k'])).toBe('data_dir');
  });

  test('finds none where a third of the letters differ', () => {
    expect(closest('abc', ['xyz', 'ayz'])).toBeUndefined();
    expect(closest('', ['port'])).toBeUndefined();
  });
});
