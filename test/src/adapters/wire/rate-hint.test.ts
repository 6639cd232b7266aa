import { expect, test } from 'vitest';
import { rateHintOf } from '#src/adapters/wire/rate-hint.ts';

const headers = (remaining: string, reset: string, limit?: string): Headers =>
  new Headers({
    'x-ratelimit-remaining-requests': remaining,
    'x-ratelimit-reset-requests': reset,
    ...(limit === undefined ? {} : { 'x-ratelimit-limit-requests': limit }),
  });

test.for([
  ['6ms', 6],
  ['1s', 1000],
  ['6m0s', 360_000],
  ['1h2m3.5s', 3_723_500],
  ['20', 20_000],
] as const)('an allowance that is full again in %s is full in %d ms', ([reset, resetMs]) => {
  expect(rateHintOf(headers('59', reset, '60'))).toEqual({ remaining: 59, limit: 60, resetMs });
});

test('the whole allowance need not be told', () => {
  expect(rateHintOf(headers('0', '1s'))).toEqual({ remaining: 0, resetMs: 1000 });
});

test.for([
  ['-1', '1s'],
  ['many', '1s'],
  ['5', 'soon'],
  ['5', '1s later'],
  ['5', ''],
  ['1e9', '1s'],
] as const)('nonsense tells nothing: %s, %s', ([remaining, reset]) => {
  expect(rateHintOf(headers(remaining, reset))).toBeUndefined();
});

test('an answer without these headers tells nothing', () => {
  expect(rateHintOf(new Headers())).toBeUndefined();
});
