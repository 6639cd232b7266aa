import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { describe, expect, test } from 'vitest';
import { ERROR_CATALOGUE, ServiceError, toErrorBody } from '#src/errors.ts';

const entries = Object.entries(ERROR_CATALOGUE);

describe('ERROR_CATALOGUE', () => {
  test.for(entries)('%s has a code, a status and a sentence for clients', ([code, { status, message }]) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(STATUS_CODES[status]).toBeDefined();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(message).toMatch(/^[A-Z][^\n]*\.$/);
  });

  test('no two codes say the same', () => {
    expect(new Set(entries.map(([, { message }]) => message)).size).toBe(entries.length);
  });

  test("a caller's own mistake is not retryable, a limit is", () => {
    const mistakes = entries.filter(([, { status }]) => status < 500 && status !== 429);
    expect(mistakes.filter(([, { retryable }]) => retryable)).toEqual([]);
    const limits = entries.filter(([, { status }]) => [429, 503, 504].includes(status));
    expect(limits.filter(([, { retryable }]) => !retryable)).toEqual([]);
  });

  test.skipIf(!existsSync('README.md'))('is the table of the README, and the settings are', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/readme-tables.mjs', '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('ServiceError', () => {
  test('takes status, retryable and its default message from the catalogue', () => {
    const error = new ServiceError('RATE_LIMITED');
    expect(error).toMatchObject({ status: 429, isRetryable: true, message: ERROR_CATALOGUE.RATE_LIMITED.message });
  });

  test('keeps its cause', () => {
    const cause = new Error('disk');
    expect(new ServiceError('STORE_FULL', 'no space on /data', { cause }).cause).toBe(cause);
  });
});

describe('toErrorBody', () => {
  test('tells details and the time to wait, rounded up', () => {
    const details = [{ field: 'top_k', expected: 'an integer from 1 to 50', got: '0' }];
    expect(toErrorBody(new ServiceError('RATE_LIMITED', undefined, { details, retryAfterMs: 12.1 }))).toEqual({
      code: 'RATE_LIMITED',
      message: ERROR_CATALOGUE.RATE_LIMITED.message,
      retryable: true,
      retry_after_ms: 13,
      details,
    });
  });

  test('never tells the message of the log', () => {
    const body = toErrorBody(new ServiceError('STORE_FULL', 'no space on /secret/path'));
    expect(body).toEqual({ code: 'STORE_FULL', message: ERROR_CATALOGUE.STORE_FULL.message, retryable: true });
  });

  test.for([new Error('/secret/path'), '/secret/path', undefined, null, { code: 'STORE_FULL' }])('makes INTERNAL of %o', (error) => {
    expect(toErrorBody(error)).toEqual({ code: 'INTERNAL', message: ERROR_CATALOGUE.INTERNAL.message, retryable: false });
  });
});
