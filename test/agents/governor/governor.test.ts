import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { callProvider, governorName, governorStatus, governorStatuses, GOVERNORS, hintRate } from '#agents/governor/governor.agent.ts';
import type { ProviderCall } from '#agents/governor/governor.agent.ts';
import type { Governor } from '#agents/governor/governor.ts';
import { settled } from '../../support/simulated-clock.ts';
import { ACCOUNT, callBy, failure, startGuards, stateOf, throttle } from './guards.ts';
import type { Guards } from './guards.ts';

const GOVERNOR = governorName(ACCOUNT);

/** Calls that note when they were sent. */
function calling({ guards, clock }: Guards): { readonly sent: string[]; readonly times: number[]; call(name: string, options?: Partial<ProviderCall>): Promise<string> } {
  const sent: string[] = [];
  const times: number[] = [];
  const call = (name: string, options: Partial<ProviderCall> = {}): Promise<string> =>
    callProvider(guards, callBy(options), () => {
      sent.push(name);
      times.push(clock.now());
      return Promise.resolve(name);
    });
  return { sent, times, call };
}

describe('a governor that was told to wait', () => {
  test('sends nothing before the time that the provider asked for, then the first at once', async () => {
    const started = await startGuards();
    const { sent, call } = calling(started);
    await throttle(started, 5000);
    expect(stateOf(started.kernel, GOVERNOR)).toBe('paused');
    const waiting = call('a');
    await started.clock.advance(4999);
    expect(sent).toEqual([]);
    await started.clock.advance(1);
    expect(await waiting).toBe('a');
    expect(stateOf(started.kernel, GOVERNOR)).toBe('limited');
  });

  test('waits longer with each refusal in a row that names no time', async () => {
    const started = await startGuards();
    const pauses: unknown[] = [];
    for (let time = 0; time < 8; time += 1) {
      await throttle(started);
      const pausedForMs = governorStatus(started.kernel, ACCOUNT)?.pausedForMs ?? 0;
      pauses.push(pausedForMs);
      await started.clock.advance(pausedForMs + 4000);
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  test('counts the refusals of calls that were under way together as one, and keeps the longest time', async () => {
    const started = await startGuards();
    const gate = Promise.withResolvers<void>();
    const calls = [0, 1, 2, 3].map((number) =>
      callProvider(started.guards, callBy(), async () => {
        await gate.promise;
        throw failure('rate_limited', number === 2 ? { retryAfterMs: 3000 } : {});
      }),
    );
    await settled();
    gate.resolve();
    await Promise.allSettled(calls);
    expect(governorStatus(started.kernel, ACCOUNT)?.pausedForMs).toBe(3000);
    await started.clock.advance(5000);
    await throttle(started);
    expect(governorStatus(started.kernel, ACCOUNT)?.pausedForMs).toBe(1000);
  });

  test('forgets its limits when nothing was refused for two minutes', async () => {
    const started = await startGuards();
    await throttle(started);
    await started.clock.advance(119_999);
    expect(stateOf(started.kernel, GOVERNOR)).toBe('limited');
    await started.clock.advance(1);
    expect(stateOf(started.kernel, GOVERNOR)).toBe('free');
    const { sent, call } = calling(started);
    await Promise.all(Array.from({ length: 100 }, (_, number) => call(String(number))));
    expect(sent).toHaveLength(100);
  });

  test('refuses at once a call whose deadline comes before its turn', async () => {
    const started = await startGuards();
    const { call } = calling(started);
    await throttle(started, 5000);
    await expect(call('late', { deadlineMs: 4000 })).rejects.toMatchObject({ failure: 'rate_limited', retryAfterMs: 5000 });
    const patient = call('patient', { deadlineMs: 20_000 });
    await started.clock.advance(5000);
    expect(await patient).toBe('patient');
  });

  test('refuses those who wait when the turn moves behind their deadline', async () => {
    const started = await startGuards();
    const running = Promise.withResolvers<never>();
    const call = callProvider(started.guards, callBy(), () => running.promise);
    await settled();
    await throttle(started, 100);
    const waiting = calling(started).call('waiting', { deadlineMs: 10_000 });
    await settled();
    running.reject(failure('rate_limited', { retryAfterMs: 30_000 }));
    await expect(call).rejects.toMatchObject({ failure: 'rate_limited' });
    await expect(waiting).rejects.toMatchObject({ failure: 'rate_limited', retryAfterMs: 32_000 });
  });
});

describe('those who wait', () => {
  test('are told their places, and when they move up', async () => {
    const started = await startGuards();
    const { call } = calling(started);
    await throttle(started, 1000);
    const told: string[] = [];
    const waiting = ['a', 'b', 'c'].map((owner) => call(owner, { owner, onQueued: (position) => told.push(`${owner}${position}`) }));
    await settled();
    expect(told).toEqual(['a1', 'b2', 'c3']);
    await started.clock.advance(30_000);
    expect(await Promise.all(waiting)).toEqual(['a', 'b', 'c']);
    expect(told.slice(3)).toContain('b1');
    expect(told.slice(3)).toContain('c2');
  });

  test('are not told anything when they need not wait', async () => {
    const started = await startGuards();
    const told: number[] = [];
    await calling(started).call('a', { onQueued: (position) => told.push(position) });
    expect(told).toEqual([]);
  });

  test('leave at once when their signal is aborted, and the others move up', async () => {
    const started = await startGuards();
    const { call } = calling(started);
    await throttle(started, 1000);
    const controller = new AbortController();
    const leaving = call('a', { owner: 'a', signal: controller.signal });
    const staying = call('b', { owner: 'b' });
    await settled();
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ failure: 'aborted' });
    expect(governorStatus(started.kernel, ACCOUNT)?.waiting.live).toBe(1);
    await started.clock.advance(1000);
    expect(await staying).toBe('b');
    expect(started.reports.map(({ outcome }) => outcome)).toEqual(['rate_limited', 'aborted', 'ok']);
  });

  test('are none whose signal is aborted already', async () => {
    const started = await startGuards();
    await throttle(started, 1000);
    const governor = started.kernel.table<Governor>(GOVERNOR);
    await expect(governor?.acquire(callBy({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ failure: 'aborted' });
    expect(governor?.status().waiting.live).toBe(0);
  });

  test('leave no listener on their signal, however their wait ends', async () => {
    const started = await startGuards();
    const { call } = calling(started);
    const { signal } = new AbortController();
    await throttle(started, 1000);
    const waiting = [call('served', { signal }), call('late', { signal, deadlineMs: 20_000 })];
    await settled();
    await started.clock.advance(1000);
    hintRate(started.kernel, ACCOUNT, { remaining: 0, resetMs: 60_000 });
    await started.clock.advance(100);
    expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('whose listener throws fail with that alone', async () => {
    const started = await startGuards();
    const { call } = calling(started);
    await throttle(started, 1000);
    const bug = new TypeError('a listener');
    const broken = call('a', { onQueued: () => { throw bug; } });
    const sound = call('b');
    await expect(broken).rejects.toBe(bug);
    await started.clock.advance(1000);
    expect(await sound).toBe('b');
  });

  test('are as many as may wait of each priority; the next is refused', async () => {
    const started = await startGuards({ governor: { maxQueued: 2 } });
    const { call } = calling(started);
    await throttle(started, 1000);
    const waiting = [call('a', { priority: 'ingest' }), call('b', { priority: 'ingest' })];
    await settled();
    await expect(call('c', { priority: 'ingest' })).rejects.toMatchObject({
      failure: 'rate_limited',
      retryAfterMs: 5000,
      cause: expect.objectContaining({ code: 'OVERLOADED', retryAfterMs: 5000 }) as unknown,
    });
    const live = call('d');
    await started.clock.advance(30_000);
    expect(await Promise.all([...waiting, live])).toEqual(['a', 'b', 'd']);
  });

  test('go live before retry before ingest', async () => {
    const started = await startGuards();
    const { sent, call } = calling(started);
    await throttle(started, 1000);
    const waiting = [call('document', { priority: 'ingest' }), call('again', { priority: 'retry' }), call('question')];
    await started.clock.advance(30_000);
    await Promise.all(waiting);
    expect(sent).toEqual(['question', 'again', 'document']);
  });

  test('go on with the next governor when theirs dies, at the limit that was learned', async () => {
    const started = await startGuards();
    const { times, call } = calling(started);
    await throttle(started, 5000);
    const waiting = Array.from({ length: 10 }, (_, number) => call(String(number), { owner: String(number) }));
    await settled();
    started.kernel.kill(GOVERNOR);
    await settled();
    expect(stateOf(started.kernel, GOVERNOR)).toBe('paused');
    expect(governorStatus(started.kernel, ACCOUNT)?.waiting.live).toBe(10);
    await started.clock.advance(60_000);
    expect(await Promise.all(waiting)).toHaveLength(10);
    expect(Math.min(...times)).toBe(5000);
    expect(times.filter((time) => time === 5000)).toHaveLength(1);
  });

  test('fail as unavailable when one governor after the other dies', async () => {
    const started = await startGuards();
    await throttle(started, 60_000);
    const waiting = calling(started).call('a');
    for (let time = 0; time < 3; time += 1) {
      await settled();
      started.kernel.kill(GOVERNOR);
    }
    await expect(waiting).rejects.toMatchObject({ failure: 'unavailable' });
    await settled();
    expect(started.clock.pendingTimers).toBeLessThanOrEqual(1);
  });

  test('go on when the supervisor of the governors dies', async () => {
    const started = await startGuards();
    await throttle(started, 60_000);
    const waiting = calling(started).call('a');
    await settled();
    started.kernel.kill(GOVERNORS);
    await started.clock.advance(10);
    expect(await waiting).toBe('a');
  });
});

describe('what an answer says of the allowance', () => {
  test('a used-up allowance pauses until it is full again', async () => {
    const started = await startGuards();
    const { sent, call } = calling(started);
    await call('first');
    hintRate(started.kernel, ACCOUNT, { remaining: 0, limit: 60, resetMs: 20_000 });
    await settled();
    const waiting = call('second');
    await started.clock.advance(19_999);
    expect(sent).toEqual(['first']);
    await started.clock.advance(1);
    expect(await waiting).toBe('second');
  });

  test('a scarce one is spread over the time until it is full again', async () => {
    const started = await startGuards();
    const { times, call } = calling(started);
    await call('first');
    hintRate(started.kernel, ACCOUNT, { remaining: 4, limit: 100, resetMs: 4000 });
    await settled();
    const calls = Array.from({ length: 10 }, (_, number) => call(String(number)));
    await started.clock.advance(3999);
    expect(times).toHaveLength(1 + 4);
    await started.clock.advance(100);
    expect(await Promise.all(calls)).toHaveLength(10);
    expect(stateOf(started.kernel, GOVERNOR)).toBe('free');
  });

  test('a good one holds nothing back', async () => {
    const started = await startGuards();
    const { call } = calling(started);
    await call('first');
    hintRate(started.kernel, ACCOUNT, { remaining: 50, limit: 100, resetMs: 60_000 });
    await settled();
    expect(await Promise.all(['a', 'b', 'c'].map((name) => call(name)))).toEqual(['a', 'b', 'c']);
    expect(governorStatuses(started.kernel).map(({ account, mode }) => [account, mode])).toEqual([[ACCOUNT, 'free']]);
  });
});
