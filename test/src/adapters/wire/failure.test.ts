import { describe, expect, test } from 'vitest';
import { failureOfStatus, networkFailure, requestIdOf, retryAfterMs } from '#src/adapters/wire/failure.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

const NEVER = new AbortController().signal;

const failing = (code: string) => Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('inside'), { code }) });

describe('failureOfStatus', () => {
  test.each([
    [302, 'bad_response'], [400, 'bad_request'], [401, 'auth'], [403, 'auth'], [404, 'not_found'], [408, 'timeout'], [413, 'too_large'],
    [422, 'bad_request'], [424, 'unavailable'], [429, 'rate_limited'], [500, 'unavailable'], [502, 'unavailable'], [504, 'timeout'], [529, 'unavailable'],
  ])('tells %i as %s', (status, failure) => {
    expect(failureOfStatus(status)).toBe(failure);
  });
});

describe('networkFailure', () => {
  test.each([
    ['ECONNREFUSED', 'unavailable'], ['ECONNRESET', 'unavailable'], ['ENOTFOUND', 'unavailable'], ['SELF_SIGNED_CERT_IN_CHAIN', 'unavailable'],
    ['UND_ERR_SOCKET', 'unavailable'], ['UND_ERR_CONNECT_TIMEOUT', 'timeout'], ['UND_ERR_HEADERS_TIMEOUT', 'timeout'], ['UND_ERR_BODY_TIMEOUT', 'timeout'],
    ['ETIMEDOUT', 'timeout'], ['ERR_ENCODING_INVALID_ENCODED_DATA', 'bad_response'],
  ])('tells %s as %s, however deep it lies', (code, failure) => {
    expect(networkFailure('a', failing(code), NEVER)).toMatchObject({ failure, account: 'a', message: `a: ${code}: inside` });
    expect(networkFailure('a', new AggregateError([failing(code)]), NEVER)).toMatchObject({ failure });
  });

  test('asks our own signal first', () => {
    const reason = new ProviderError('timeout', 'b', 'stalled');
    expect(networkFailure('a', failing('ECONNRESET'), AbortSignal.abort())).toMatchObject({ failure: 'aborted' });
    expect(networkFailure('a', failing('ECONNRESET'), AbortSignal.abort(new DOMException('late', 'TimeoutError')))).toMatchObject({ failure: 'timeout' });
    expect(networkFailure('a', failing('ECONNRESET'), AbortSignal.abort(reason))).toBe(reason);
  });

  test('lets what is told already pass through', () => {
    const error = new ProviderError('quota', 'a', 'used up');
    expect(networkFailure('a', error, NEVER)).toBe(error);
  });
});

describe('retryAfterMs', () => {
  const now = Date.UTC(2026, 10, 21, 12);

  test('reads seconds and dates', () => {
    expect(retryAfterMs('21')).toBe(21_000);
    expect(retryAfterMs(' 0.25 ')).toBe(250);
    expect(retryAfterMs('0')).toBe(0);
    expect(retryAfterMs('Sat, 21 Nov 2026 12:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Sat, 21 Nov 2026 11:00:00 GMT', now)).toBe(0);
  });

  test.each([null, undefined, '', 'soon', '-5', '1e3', '12, 13', 'NaN', '2026-11-21', 'Sat, 99 Nov 2026 12:00:30 GMT'])('ignores %j', (value) => {
    expect(retryAfterMs(value, now)).toBeUndefined();
  });
});

test('a request id is found under each name that providers give it', () => {
  expect(requestIdOf(new Headers({ 'x-amzn-requestid': '1' }))).toBe('1');
  expect(requestIdOf(new Headers({ 'x-request-id': '2', 'cf-ray': '3' }))).toBe('2');
  expect(requestIdOf(new Headers())).toBeUndefined();
});
