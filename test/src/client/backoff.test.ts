import { expect, test } from 'vitest';
import { backoffMs } from '#src/client/backoff.ts';

test('the bound of a pause doubles from 100 ms to 10 s, and a pause is anything below it', () => {
  expect([0, 1, 2, 6, 7, 1000].map((attempt) => backoffMs(attempt, 1))).toEqual([100, 200, 400, 6400, 10_000, 10_000]);
  expect([0, 0.25, 0.5].map((random) => backoffMs(3, random))).toEqual([0, 200, 400]);
});
