import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callProvider, governorStatus, retryProvider } from '#agents/governor/governor.agent.ts';
import type { CallPriority, ProviderCall } from '#agents/governor/governor.agent.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { PROVIDER_FAILURES } from '#src/ports/provider-error.ts';
import { settled } from '../../support/simulated-clock.ts';
import { ACCOUNT, callBy, failure, startGuards } from './guards.ts';
import type { Guards } from './guards.ts';

const FAILURES = Object.keys(PROVIDER_FAILURES) as ProviderFailure[];
/** No fuse gets in the way of what is tested here. */
const STRONG_FUSE = { maxMelts: 100, windowMs: 1000, refreshMs: 1000 };

interface Options extends Partial<ProviderCall> {
  readonly attempts?: number;
  readonly deadlineMs?: number;
}

/** Fails with each of the failures in turn, then succeeds; notes when it was tried. */
function trying({ guards, clock }: Guards, failures: readonly Error[], options: Options = {}): { readonly times: number[]; readonly result: Promise<string> } {
  const times: number[] = [];
  const run = (): Promise<string> => {
    times.push(clock.now());
    const error = failures[times.length - 1];
    return error === undefined ? Promise.resolve('well') : Promise.reject(error);
  };
  const result = retryProvider(guards, { attempts: 10, deadlineMs: 600_000, ...callBy(), ...options }, run);
  result.catch(() => undefined);
  return { times, result };
}

describe('a retried call', () => {
  test('waits twice as long after each failure, with the jitter drawn from all of it, up to the cap', async () => {
    const started = await startGuards({ fuse: STRONG_FUSE });
    const { times, result } = trying(started, Array.from({ length: 8 }, () => failure('unavailable')));
    await started.clock.advance(60_000);
    expect(await result).toBe('well');
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  test('waits as long as the provider asked, to the millisecond', async () => {
    const started = await startGuards();
    const { times, result } = trying(started, [failure('rate_limited', { retryAfterMs: 7321 }), failure('unavailable', { retryAfterMs: 45_000 })]);
    await started.clock.advance(60_000);
    expect(await result).toBe('well');
    expect(times).toEqual([0, 7321, 52_321]);
  });

  test.for(FAILURES.filter((name) => !PROVIDER_FAILURES[name].isRetryable))('is not tried again after %s', async (name) => {
    const error = failure(name);
    const { times, result } = trying(await startGuards(), [error]);
    await expect(result).rejects.toBe(error);
    expect(times).toHaveLength(1);
  });

  test.for(FAILURES.filter((name) => PROVIDER_FAILURES[name].isRetryable))('is tried again after %s', async (name) => {
    const started = await startGuards();
    const { times, result } = trying(started, [failure(name)]);
    await started.clock.advance(1000);
    expect(await result).toBe('well');
    expect(times).toHaveLength(2);
  });

  test('is not tried again after what is no ProviderError', async () => {
    const bug = new TypeError('a bug');
    const { result } = trying(await startGuards(), [bug]);
    await expect(result).rejects.toBe(bug);
  });

  test('is tried as often as it may be and fails with the last failure', async () => {
    const started = await startGuards();
    const last = failure('timeout');
    const { times, result } = trying(started, [failure('unavailable'), failure('truncated'), last], { attempts: 3 });
    await started.clock.advance(10_000);
    await expect(result).rejects.toBe(last);
    expect(times).toHaveLength(3);
  });

  test('does not begin a wait that would end after its deadline', async () => {
    const started = await startGuards();
    const error = failure('unavailable', { retryAfterMs: 5000 });
    const { result } = trying(started, [error], { deadlineMs: 5000 });
    await expect(result).rejects.toBe(error);
    expect(started.clock.now()).toBe(0);
  });

  test('never is tried after its deadline, nor sooner than it was told, nor too often', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(fc.integer({ min: 0, max: 4000 }), { nil: undefined }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 6 }),
        async (asked, deadlineMs, attempts) => {
          const started = await startGuards({ fuse: STRONG_FUSE });
          const failures = asked.map((retryAfterMs) => failure('unavailable', retryAfterMs === undefined ? {} : { retryAfterMs }));
          const { times, result } = trying(started, failures, { deadlineMs, attempts });
          const ended = result.then(() => started.clock.now(), () => started.clock.now());
          await started.clock.advance(60_000);
          expect(await ended).toBeLessThanOrEqual(deadlineMs);
          expect(times.length).toBeLessThanOrEqual(attempts);
          for (const [index, time] of times.slice(1).entries()) expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(asked[index] ?? 0);
          await started.kernel.stop();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('that is aborted while it waits ends within the tick and leaves no timer', async () => {
    const started = await startGuards();
    const controller = new AbortController();
    const { times, result } = trying(started, [failure('unavailable', { retryAfterMs: 5000 })], { signal: controller.signal });
    await started.clock.advance(1000);
    controller.abort();
    await expect(result).rejects.toMatchObject({ failure: 'aborted' });
    expect(started.clock.now()).toBe(1000);
    expect(started.clock.pendingTimers).toBe(0);
    await started.clock.advance(60_000);
    expect(times).toHaveLength(1);
  });

  test('whose signal was aborted with a timeout is not tried again', async () => {
    const started = await startGuards();
    const controller = new AbortController();
    const stalled = failure('timeout');
    const run = (): Promise<never> => {
      controller.abort(stalled);
      return Promise.reject(stalled);
    };
    const call = { ...callBy({ signal: controller.signal }), attempts: 5, deadlineMs: 60_000 };
    await expect(retryProvider(started.guards, call, run)).rejects.toBe(stalled);
  });

  test.for([['live', 'retry'], ['ingest', 'ingest'], ['retry', 'retry']] as const)('of priority %s waits as %s when it failed once', async ([priority, later]) => {
    const started = await startGuards();
    const { times } = trying(started, [failure('rate_limited', { retryAfterMs: 100 })], { priority });
    await settled();
    const running = Promise.withResolvers<void>();
    await started.clock.advance(99);
    const first = callProvider(started.guards, callBy(), () => running.promise);
    await started.clock.advance(101);
    const waiting: Readonly<Record<CallPriority, number>> | undefined = governorStatus(started.kernel, ACCOUNT)?.waiting;
    expect(waiting).toEqual({ live: 0, retry: 0, ingest: 0, [later]: 1 });
    running.resolve();
    await first;
    await started.clock.advance(10_000);
    expect(times).toHaveLength(2);
  });

  test('waits for an open fuse when its deadline allows it', async () => {
    const started = await startGuards({ fuse: { maxMelts: 0, windowMs: 1000, refreshMs: 30_000 } });
    const { times, result } = trying(started, [failure('unavailable')]);
    await started.clock.advance(60_000);
    expect(await result).toBe('well');
    expect(times).toEqual([0, 30_000]);
  });

  test('fails at once behind an open fuse when its deadline does not', async () => {
    const started = await startGuards({ fuse: { maxMelts: 0, windowMs: 1000, refreshMs: 30_000 } });
    const { times, result } = trying(started, [failure('unavailable')], { deadlineMs: 20_000 });
    await started.clock.advance(200);
    await expect(result).rejects.toMatchObject({ failure: 'unavailable', retryAfterMs: 29_900 });
    expect(times).toEqual([0]);
  });
});
