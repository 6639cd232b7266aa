import { describe, expect, test } from 'vitest';
import { originCheck } from '#src/gateway/origin.ts';

const post = (headers: Record<string, string>) => ({ method: 'POST', headers, isUpgrade: false });
const REFUSED = expect.objectContaining({ code: 'ORIGIN_REFUSED' }) as unknown;

function outcome(host: string, request: Parameters<ReturnType<typeof originCheck>>[0]): unknown {
  try {
    originCheck(host)(request);
    return 'taken';
  } catch (error) {
    return error;
  }
}

describe('originCheck', () => {
  test.for([
    '127.0.0.1:4000', 'localhost:4000', 'LOCALHOST', 'banyan.localhost:4000', '127.8.9.1', '[::1]:4000',
  ])('a loopback service is called %s', (host) => {
    expect(outcome('127.0.0.1', post({ host }))).toBe('taken');
  }); // prettier-ignore

  test.for(['evil.example:4000', '127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.7', ''])(
    'a loopback service refuses to be called "%s"',
    (host) => {
      expect(outcome('127.0.0.1', { method: 'GET', headers: { host }, isUpgrade: false })).toEqual(REFUSED);
    },
  );

  test('a service for everybody is called what its owner likes', () => {
    expect(outcome('0.0.0.0', post({ host: 'answers.example' }))).toBe('taken');
  });

  test.for(['https://evil.example', 'null', 'http://127.0.0.1:9999', 'nonsense'])('a change asked for by a page of %s is refused', (origin) => {
    expect(outcome('127.0.0.1', post({ host: '127.0.0.1:4000', origin }))).toEqual(REFUSED);
  });

  test("the service's own page changes what it likes", () => {
    expect(outcome('127.0.0.1', post({ host: '127.0.0.1:4000', origin: 'http://127.0.0.1:4000' }))).toBe('taken');
  });

  test('an upgrade asked for by a foreign page is refused, though it is a GET', () => {
    const headers = { host: '127.0.0.1:4000', origin: 'https://evil.example' };
    expect(outcome('127.0.0.1', { method: 'GET', headers, isUpgrade: true })).toEqual(REFUSED);
    expect(outcome('127.0.0.1', { method: 'GET', headers, isUpgrade: false })).toBe('taken');
  });

  test('a change that the browser marks as cross-site is refused without an origin', () => {
    expect(outcome('127.0.0.1', post({ host: 'localhost', 'sec-fetch-site': 'cross-site' }))).toEqual(REFUSED);
  });
});
