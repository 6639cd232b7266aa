import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callProvider } from '#agents/governor/governor.agent.ts';
import { AccountLimits } from '#agents/governor/account-limits.ts';
import type { Lease } from '#agents/governor/call-queue.ts';
import { Governor } from '#agents/governor/governor.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { ACCOUNT, callBy, failure, startGuards, throttle } from './guards.ts';

/** Jain's fairness index: 1 when all got the same, 1/n when one got all. */
function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return (sum * sum) / (values.length * squares);
}

describe('a governor that has learned a limit', () => {
  test('comes near the rate that the provider bears, with few refusals', async () => {
    const started = await startGuards();
    const { clock, guards } = started;
    const PER_SECOND = 20;
    let tokens = PER_SECOND;
    let filledAtMs = 0;
    let accepted = 0;
    let refused = 0;
    const provider = async (): Promise<void> => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 200));
      tokens = Math.min(PER_SECOND, tokens + ((clock.now() - filledAtMs) * PER_SECOND) / 1000);
      filledAtMs = clock.now();
      if (tokens < 1) {
        refused += 1;
        throw failure('rate_limited', { retryAfterMs: 500 });
      }
      tokens -= 1;
      accepted += 1;
    };
    const over = new AbortController();
    const caller = async (owner: string): Promise<void> => {
      while (!over.signal.aborted) await callProvider(guards, callBy({ owner }), provider).catch(() => undefined);
    };
    const callers = Array.from({ length: 30 }, (_, number) => caller(String(number)));
    await clock.advance(60_000);
    over.abort();
    await Promise.all([Promise.all(callers), clock.advance(60_000)]);
    expect(accepted / 60).toBeGreaterThan(0.9 * PER_SECOND);
    expect(refused / (accepted + refused)).toBeLessThan(0.05);
  });

  test('finds its way back within 20 seconds after the provider refused everything for half a minute', async () => {
    const started = await startGuards();
    const { clock, guards } = started;
    let accepted = 0;
    const provider = async (): Promise<void> => {
      const isThrottled = clock.now() >= 5000 && clock.now() < 35_000;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 200));
      if (isThrottled) throw failure('rate_limited');
      accepted += 1;
    };
    const over = new AbortController();
    const caller = async (owner: string): Promise<void> => {
      while (!over.signal.aborted) await callProvider(guards, callBy({ owner }), provider).catch(() => undefined);
    };
    const callers = Array.from({ length: 10 }, (_, number) => caller(String(number)));
    await clock.advance(5000);
    const before = accepted / 5;
    await clock.advance(50_000);
    accepted = 0;
    await clock.advance(5000);
    over.abort();
    await Promise.all([Promise.all(callers), clock.advance(60_000)]);
    expect(accepted / 5).toBeGreaterThan(0.8 * before);
  });

  test('begins one by one after a pause, not with all that the pause has saved up', () => {
    const limits = new AccountLimits();
    for (let number = 0; number < 100; number += 1) limits.sent(0);
    limits.throttled(0, { error: failure('rate_limited', { retryAfterMs: 10_000 }), serial: 1, nextSerial: 101, inFlight: 100 });
    expect(limits.waitMs(0, 0)).toBe(10_000);
    expect(limits.waitMs(10_000, 0)).toBe(0);
    limits.sent(10_000);
    expect(limits.waitMs(10_000, 1)).toBeCloseTo(1000 / limits.ratePerSecond(10_000));
  });

  test('shares what there is fairly among those who always want more', async () => {
    const started = await startGuards();
    const { clock, guards } = started;
    const served = new Map<string, number>();
    await throttle(started, 10);
    const over = new AbortController();
    const caller = async (owner: string, concurrency: number): Promise<void> => {
      const one = async (): Promise<void> => {
        while (!over.signal.aborted) {
          await callProvider(guards, callBy({ owner }), () => new Promise<void>((resolve) => clock.setTimeout(resolve, 20)));
          served.set(owner, (served.get(owner) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, one));
    };
    const callers = Array.from({ length: 20 }, (_, number) => caller(`o${number}`, 1 + (number % 5)));
    await clock.advance(20_000);
    const counts = [...served.values()];
    over.abort();
    await Promise.all([Promise.all(callers), clock.advance(60_000)]);
    expect(counts).toHaveLength(20);
    expect(jain(counts)).toBeGreaterThanOrEqual(0.95);
  });

  test('never sends a call while as many run as may, and lets nobody wait for ever', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('call' as const), who: fc.nat(3) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('succeed' as const, 'refuse' as const, 'fail' as const), who: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), who: fc.nat(50) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), who: fc.integer({ min: 1, max: 3000 }) }) },
    );
    return fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const clock = new SimulatedClock();
        const governor = new Governor({ account: ACCOUNT, clock, limits: new AccountLimits(), maxQueued: 1000 });
        const running: Lease[] = [];
        const controllers: AbortController[] = [];
        let waiting = 0;
        const end = (index: number, how: Parameters<Governor['release']>[1]): void => {
          const [lease] = running.splice(index % Math.max(1, running.length), 1);
          if (lease !== undefined) governor.release(lease, how);
        };
        for (const { do: what, who } of steps) {
          const before = governor.status().inFlight;
          const endedBefore = running.length;
          if (what === 'call') {
            const controller = new AbortController();
            controllers.push(controller);
            const acquired = governor.acquire(callBy({ owner: String(who), signal: controller.signal }));
            if (acquired instanceof Promise) {
              waiting += 1;
              acquired.then((lease) => running.push(lease), () => undefined).finally(() => (waiting -= 1));
            } else running.push(acquired);
          } else if (what === 'wait') await clock.advance(who);
          else if (what === 'abort') controllers[who % Math.max(1, controllers.length)]?.abort();
          else end(who, what === 'succeed' ? 'ok' : what === 'fail' ? 'error' : failure('rate_limited'));
          const { inFlight, concurrency } = governor.status();
          const ended = what === 'call' ? 0 : Math.max(0, endedBefore - running.length);
          expect(inFlight <= before - ended || inFlight <= concurrency).toBe(true);
          await Promise.resolve();
          await Promise.resolve();
        }
        for (let round = 0; governor.status().waiting.live > 0 && round < 2000; round += 1) {
          while (running.length > 0) end(0, 'ok');
          await clock.advance(1000);
        }
        expect(waiting).toBe(0);
        expect(governor.status().waiting).toEqual({ live: 0, retry: 0, ingest: 0 });
      }),
      { numRuns: 60 },
    );
  });

  test('takes back the slots of callers that have gone without giving them back', async () => {
    const clock = new SimulatedClock();
    const governor = new Governor({ account: ACCOUNT, clock, limits: new AccountLimits(), maxQueued: 10 });
    const first = governor.acquire(callBy()) as Lease;
    governor.release(first, failure('rate_limited', { retryAfterMs: 1 }));
    await clock.advance(1);
    const gone = new AbortController();
    governor.acquire(callBy({ signal: gone.signal }));
    const waiting = Promise.resolve(governor.acquire(callBy()));
    await clock.advance(10_000);
    expect(governor.status().waiting.live).toBe(1);
    gone.abort();
    await clock.advance(100);
    expect(await waiting).toMatchObject({ serial: 3 });
    governor.acquire(callBy({ signal: AbortSignal.timeout(1_000_000) })) as Promise<Lease>;
    await clock.advance(600_001);
    expect(governor.status().waiting.live).toBe(0);
    governor.close();
  });
});
