import { expect, test } from 'vitest';
import { isTooOld, timeLeftMs } from '#agents/session/turn-time.ts';

const MINUTE_MS = 60_000;

test.for([
  ['that never began has its whole time', null, 30_000, 30_000],
  ['that ran for 5 of 30 seconds has 25 left', 95_000, 30_000, 25_000],
  ['whose time is nearly over has 10 seconds', 75_000, 30_000, 10_000],
  ['whose time is long over has 10 seconds', 0, 30_000, 10_000],
  ['that has less than 10 seconds in all gets no more', 0, 4000, 4000],
  ['that began later than now, because the clock was set back, has no more than its time', 500_000, 30_000, 30_000],
] as const)('a turn %s', ([, startedAt, turnTimeoutMs, left]) => {
  expect(timeLeftMs(startedAt, { turnTimeoutMs, nowMs: 100_000 })).toBe(left);
});

test('a turn is too old after a quarter of an hour, or after its own time where that is longer', () => {
  const age = (minutes: number, turnTimeoutMs: number): boolean => isTooOld(0, { turnTimeoutMs, nowMs: minutes * MINUTE_MS });
  expect([age(15, 30_000), age(15.1, 30_000), age(59, 60 * MINUTE_MS), age(61, 60 * MINUTE_MS)]).toEqual([false, true, false, true]);
});
