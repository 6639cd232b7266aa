import { describe, expect, it } from 'vitest';
import { boundedTopK, checkedRecords, wireVector } from '#src/adapters/vector-index/checked-records.ts';
import { record, vector } from './contract.ts';

const LIMITS = { account: 'provider/docs', maxItems: 10 };

describe('wireVector', () => {
  it('keeps the cosine of 1024 dimensions to within 2e-7', () => {
    const values = vector(Array.from({ length: 1024 }, (_, axis) => Math.sin(axis * 12.9898)), 1024);
    const sent = wireVector(values);
    const product = sent.reduce((sum, component, axis) => sum + component * (values[axis] ?? 0), 0);
    expect(Math.abs(product / (Math.hypot(...sent) * Math.hypot(...values)) - 1)).toBeLessThan(2e-7);
    expect(JSON.stringify(sent).length).toBeLessThan(1024 * 12);
  });
});

describe('checkedRecords', () => {
  it('takes the last of several records with one id', () => {
    const [first, other, last] = [record('a', [1]), record('b', [1]), record('a', [0, 1])];
    expect(checkedRecords([first, other, last], LIMITS)).toEqual([last, other]);
  });

  it('refuses vectors of different lengths', () => {
    const short = { ...record('b', [1]), values: vector([1], 4) };
    expect(() => checkedRecords([record('a', [1]), short], LIMITS)).toThrow('expected a vector of 8 numbers, got: 4');
  });

  it('refuses more records than one request may hold', () => {
    const records = Array.from({ length: 11 }, (_, n) => record(`test-${n}`, [1]));
    expect(() => checkedRecords(records, LIMITS)).toThrow(expect.objectContaining({ failure: 'too_large' }));
  });
});

describe('boundedTopK', () => {
  it.for([[-1, 0], [0, 0], [1.9, 1], [10_000, 10_000], [1e9, 10_000]] as const)('of %d is %d', ([topK, bounded]) => {
    expect(boundedTopK(topK)).toBe(bounded);
  });
});
