import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorIndex, VectorSpace } from '#src/ports/vector-index.ts';
import type { Emulator, EmulatorOptions, Script } from '../../../support/emulators/emulator.ts';
import { eventually } from '../../../support/eventually.ts';
import { query, record, signal } from './contract.ts';

/** An index behind a socket, and the service that it talks to. */
export interface RemoteIndexSubject {
  readonly index: VectorIndex;
  readonly emulator: Emulator;
  /** The same index for somebody else. */
  withKey(apiKey: string): VectorIndex;
  /** The same index at another address. */
  at(url: string): VectorIndex;
}

/** The requests of the methods of a space, by a part of their path. */
export interface RemotePaths {
  readonly query: string;
  readonly upsert: string;
}

const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>';

const CALLS: readonly (readonly [keyof RemotePaths, (space: VectorSpace, signal: AbortSignal) => Promise<unknown>])[] = [
  ['query', (space, signal) => space.query(query([1, 0, 0]), signal)],
  ['upsert', (space, signal) => space.upsert([record('test-2', [0, 1, 0])], signal)],
];

/** How an index that is reached over a socket fails. */
export function describeRemoteVectorIndex(name: string, paths: RemotePaths, makeRemote: (options?: EmulatorOptions) => Promise<RemoteIndexSubject>): void {
  describe(`${name} behind a socket`, () => {
    let subject: RemoteIndexSubject;
    let space: VectorSpace;

    beforeEach(async () => {
      subject = await makeRemote();
      space = subject.index.space('default', 'default');
      await space.upsert([record('test-1', [1, 0, 0])], signal());
    });

    afterEach(async () => {
      await subject.emulator.close();
    });

    it('a wrong key is an auth failure whose message does not hold the key', async () => {
      const error = await failureOf(subject.withKey('wrong-secret-key').space('default', 'default').query(query([1, 0, 0]), signal()));
      expect(error.failure).toBe('auth');
      expect(JSON.stringify([error.message, error.stack, error])).not.toContain('wrong-secret-key');
    });

    it('nobody at the address is unavailable', async () => {
      await subject.emulator.close();
      const nowhere = subject.at(subject.emulator.url).space('default', 'default');
      expect((await failureOf(nowhere.query(query([1, 0, 0]), signal()))).failure).toBe('unavailable');
    });

    it('half of the requests failing in every way, a call ends right or as a failure with a name', async () => {
      const faulty = await makeRemote({ faultShare: 0.5, seed: 7 });
      const faultySpace = faulty.index.space('default', 'default');
      await eventually(() => faultySpace.upsert([record('test-1', [1, 0, 0])], AbortSignal.timeout(200)));
      const outcomes = await Promise.all(Array.from({ length: 40 }, () => outcomeOf(faultySpace.query(query([1, 0, 0]), AbortSignal.timeout(1500)))));
      const names = new Set(outcomes.map((outcome) => (outcome instanceof ProviderError ? outcome.failure : JSON.stringify(outcome))));
      const right = '[{"id":"test-1","score":1}]';
      expect([right, 'bad_response', 'rate_limited', 'timeout', 'unavailable']).toEqual(expect.arrayContaining([...names]));
      expect(names).toContain(right);
      await eventually(() => expect(faulty.emulator.openRequests).toBe(0));
      await faulty.emulator.close();
    });

    describe.for(CALLS)('%s', ([method, call]) => {
      it.for<readonly [string, Script, object]>([
        ['429 is a rate limit with the time to wait', { status: 429, headers: { 'retry-after': '21' }, body: '{}' }, { failure: 'rate_limited', retryAfterMs: 21_000, status: 429 }],
        ['429 without a time is a rate limit', { error: 'throttled' }, { failure: 'rate_limited', status: 429 }],
        ['500 with HTML is unavailable', { status: 500, headers: { 'content-type': 'text/html' }, body: HTML }, { failure: 'unavailable', status: 500 }],
        ['503 of the service is unavailable', { error: 'unavailable' }, { failure: 'unavailable', status: 503 }],
        ['403 is an auth failure', { status: 403, body: '"Forbidden"' }, { failure: 'auth', status: 403 }],
        ['413 is too large', { status: 413, body: '{}' }, { failure: 'too_large', status: 413 }],
        ['200 that is no JSON is a bad response', { garbage: true }, { failure: 'bad_response' }],
        ['200 with an empty object is a bad response', { status: 200, body: '{}' }, { failure: 'bad_response' }],
        ['200 with null is a bad response', { status: 200, body: 'null' }, { failure: 'bad_response' }],
        ['200 with nothing is a bad response', { status: 200, body: '' }, { failure: 'bad_response' }],
        ['a redirect is not followed', { status: 307, headers: { location: 'http://127.0.0.1:9/' }, body: '' }, { failure: 'bad_response' }],
        ['a socket cut before the headers is unavailable', { cutAtByte: -1 }, { failure: 'unavailable' }],
        ['a socket cut in the body is unavailable', { cutAtByte: 5 }, { failure: 'unavailable' }],
      ])('%s', async ([, script, expected]) => {
        subject.emulator.script({ ...script, path: paths[method] });
        const error = await failureOf(call(space, signal()));
        expect({ ...error, failure: error.failure }).toMatchObject(expected);
        expect(error.message).not.toContain('<');
        expect(error.account).toBe(subject.index.account);
      });

      it('reads a time to wait that is a date', async () => {
        const date = new Date(Date.now() + 30_000).toUTCString();
        subject.emulator.script({ path: paths[method], status: 429, headers: { 'retry-after': date }, body: '{}' });
        const { retryAfterMs } = await failureOf(call(space, signal()));
        expect(retryAfterMs).toBeGreaterThan(25_000);
        expect(retryAfterMs).toBeLessThanOrEqual(30_000);
      });

      it.for(['connect', 'headers', 'body'] as const)('an abort closes the socket of a call that hangs (%s)', async (hang) => {
        const controller = new AbortController();
        const before = subject.emulator.requests.length;
        subject.emulator.script({ path: paths[method], hang });
        const failed = failureOf(call(space, controller.signal));
        const request = await eventually(() => {
          const request = subject.emulator.requests.slice(before).find(({ path }) => path.includes(paths[method]));
          if (request === undefined) throw new Error('expected the request to have arrived');
          return request;
        });
        const abortedAtMs = performance.now();
        controller.abort();
        expect((await failed).failure).toBe('aborted');
        const closedAtMs = await eventually(() => {
          if (request.closedAtMs === undefined) throw new Error('expected the socket to be closed');
          return request.closedAtMs;
        });
        expect(closedAtMs - abortedAtMs).toBeLessThan(100);
        expect(request.closedEarly).toBe(true);
      });

      it('a deadline that passes is a timeout', async () => {
        subject.emulator.script({ path: paths[method], hang: 'connect' });
        expect((await failureOf(call(space, AbortSignal.timeout(50)))).failure).toBe('timeout');
      });

      it('a signal that is aborted already makes no request', async () => {
        const before = subject.emulator.requests.length;
        expect((await failureOf(call(space, AbortSignal.abort()))).failure).toBe('aborted');
        expect(subject.emulator.requests).toHaveLength(before);
      });

      it('succeeds again after a failure', async () => {
        subject.emulator.script({ path: paths[method], error: 'unavailable' });
        expect((await failureOf(call(space, signal()))).failure).toBe('unavailable');
        await call(space, signal());
      });
    });
  });
}

/** The failure that a call must end with. */
export async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const outcome = await outcomeOf(call);
  if (outcome instanceof ProviderError) return outcome;
  throw new Error(`expected a ProviderError, got: ${JSON.stringify(outcome) ?? String(outcome)}`, { cause: outcome });
}

async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  return await call.catch((error: unknown) => error);
}
