import { describe, expect, test } from 'vitest';
import { parseArguments, UsageError } from '../../bench/arguments.ts';
import { isReached, toResult } from '../../bench/benchmark.ts';
import { median, quantile } from '../../bench/statistics.ts';

describe('the arguments of a benchmark', () => {
  test('are a name and flags in any order', () => {
    expect(parseArguments(['--json', 'kernel', '--quick'])).toEqual({ name: 'kernel', isJson: true, isQuick: true });
    expect(parseArguments(['seed'])).toEqual({ name: 'seed', isJson: false, isQuick: false });
  });

  test.for([[[]], [['nope']], [['kernel', 'seed']], [['kernel', '--fast']]])('%j are refused with the usage', ([given]) => {
    expect(() => parseArguments(given as string[])).toThrow(UsageError);
  });
});

describe('a result', () => {
  test('passes when every target was measured and reached', () => {
    const targets = { seconds: { max: 6 }, ratio: { min: 0.5 } };
    expect(toResult('x', { figures: { seconds: 6, ratio: 0.5 } }, targets).pass).toBe(true);
    expect(toResult('x', { figures: { seconds: 6.01, ratio: 0.5 } }, targets).pass).toBe(false);
    expect(toResult('x', { figures: { seconds: 1 } }, targets).pass).toBe(false);
  });

  test('that is no number reaches nothing', () => {
    expect(isReached(Number.NaN, { max: 1 })).toBe(false);
    expect(isReached(undefined, { min: 0 })).toBe(false);
  });
});

describe('statistics', () => {
  test('a quantile is a value that was measured, by the nearest rank', () => {
    expect([0.5, 0.95, 1].map((share) => quantile([4, 1, 3, 2], share))).toEqual([2, 4, 4]);
    expect(() => quantile([], 0.5)).toThrow(TypeError);
  });

  test('the median of an even number of values lies between the middle two', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });
});
