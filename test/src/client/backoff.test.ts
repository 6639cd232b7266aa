import { expect, test } from 'vitest';
import { backoffMs } from '#src/client/backoff.ts';

test('the bound of a pause grows by half each time from 100 ms to 10 s, and a pause is anything below it', () => {
  expect([0, 1, 2, 3, 12, 1000].map((attempt) => backoffMs(attempt, 1))).toEqual([100, 150, 225, 337.5, 10_000, 10_000]);
  expect([0, 0.5, 1].map((random) => backoffMs(2, random))).toEqual([0, 112.5, 225]);
});
