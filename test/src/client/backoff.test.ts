import { describe, expect, test } from 'vitest';
import { askAgainMs, reconnectMs } from '#src/client/backoff.ts';

describe('the wait before connecting again', () => {
  test('lies in the upper half of a bound, a quarter of the time away, from 100 ms to 10 s', () => {
    expect([0, 400, 1600, 8000, 40_000, 4_000_000].map((awayMs) => reconnectMs(awayMs, 1))).toEqual([100, 100, 400, 2000, 10_000, 10_000]);
    expect([0, 0.5, 1].map((random) => reconnectMs(8000, random))).toEqual([1000, 1500, 2000]);
  });

  test('comes on top of what the service asked for, as if it had been away so long already', () => {
    expect([0, 1].map((random) => reconnectMs(0, random, 8000))).toEqual([9000, 10_000]);
    expect([0, 1].map((random) => reconnectMs(0, random, 1e12))).toEqual([3_605_000, 3_610_000]);
    expect(reconnectMs(0, 1, -1e12)).toBe(100);
  });
});

test('the bound of a pause before asking again grows by half each time from 150 ms to 10 s, behind what the service asked for', () => {
  expect([1, 2, 3, 12, 1000].map((refusals) => askAgainMs(refusals, 1))).toEqual([150, 225, 337.5, 10_000, 10_000]);
  expect([0, 0.5, 1].map((random) => askAgainMs(2, random, 1000))).toEqual([1000, 1112.5, 1225]);
});
