import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Banyan } from '#src/client/api.ts';
import { connect } from '#src/client/client.ts';
import type { SimulatedService } from './simulated-service.ts';
import { simulateService } from './simulated-service.ts';

const MINUTE_MS = 60_000;
const OVERLOADED = { code: 'OVERLOADED', message: 'Too much.', retryable: true };

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A client that was served for a minute, and whose service has just gone. */
async function loseService(refusal?: object): Promise<{ service: SimulatedService; banyan: Banyan; goneMs: number }> {
  const service = simulateService();
  service.isServing = true;
  const banyan = connect({ url: 'http://127.0.0.1', session: 's1', WebSocket: service.WebSocket });
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(banyan.status.state).toBe('online');
  service.isServing = false;
  service.refusal = refusal;
  service.cut();
  return { service, banyan, goneMs: performance.now() };
}

async function msUntilOnline(service: SimulatedService, banyan: Banyan): Promise<number> {
  const backMs = performance.now();
  service.isServing = true;
  while (banyan.status.state !== 'online') await vi.advanceTimersToNextTimerAsync();
  return performance.now() - backMs;
}

describe('a service that is away', () => {
  test('is noticed to be back within a quarter of the time that it was away, and 100 ms', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: MINUTE_MS }), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), async (awayMs, chances) => {
        vi.spyOn(Math, 'random').mockImplementation(() => chances.next().value ?? 0);
        const { service, banyan } = await loseService();
        await vi.advanceTimersByTimeAsync(awayMs);
        expect(await msUntilOnline(service, banyan)).toBeLessThanOrEqual(Math.min(10_000, Math.max(100, awayMs / 4)));
        banyan.close();
      }),
      { numRuns: 60 },
    );
  });

  test.for([
    ['by silence', undefined],
    ['by a refusal', { type: 'error', error: OVERLOADED }],
  ] as const)('and says so %s, is tried a few times at once and then every five to ten seconds', async ([, refusal]) => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { service, banyan, goneMs } = await loseService(refusal);
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    const tries = service.triesMs.filter((triedMs) => triedMs >= goneMs).map((triedMs) => triedMs - goneMs);
    expect(tries.filter((triedMs) => triedMs <= 2000).length).toBeLessThanOrEqual(25);
    expect(tries.length).toBeLessThan(170);
    expect(Math.min(...tries.slice(-10).map((triedMs, at, all) => triedMs - (all[at - 1] ?? 0)))).toBeGreaterThanOrEqual(5000);
    banyan.close();
  });

  test('and says for how long, is left alone so long; its clients then come spread out', async () => {
    const returnsMs: number[] = [];
    for (const random of [0, 1]) {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const { service, banyan } = await loseService({ type: 'error', error: { ...OVERLOADED, retry_after_ms: 20_000 } });
      await vi.advanceTimersByTimeAsync(200);
      const refusedMs = service.triesMs.at(-1) ?? 0;
      service.isServing = true;
      while (banyan.status.state !== 'online') await vi.advanceTimersToNextTimerAsync();
      returnsMs.push(performance.now() - refusedMs);
      banyan.close();
    }
    expect(Math.min(...returnsMs)).toBeGreaterThanOrEqual(20_000);
    expect((returnsMs[1] ?? 0) - (returnsMs[0] ?? 0)).toBeGreaterThanOrEqual(2500);
  });

  test('again and again, but served in between, is come back to as soon each time', async () => {
    const { service, banyan } = await loseService();
    for (let outages = 0; outages < 5; outages += 1) {
      await vi.advanceTimersByTimeAsync(8000);
      await msUntilOnline(service, banyan);
      await vi.advanceTimersByTimeAsync(MINUTE_MS);
      service.isServing = false;
      service.cut();
      expect(banyan.status).toMatchObject({ state: 'waiting', attempt: 1 });
      expect(await msUntilOnline(service, banyan)).toBeLessThanOrEqual(100);
      await vi.advanceTimersByTimeAsync(MINUTE_MS);
      service.isServing = false;
      service.cut();
    }
    banyan.close();
  });

  test('again and again, soon after it served, is tried ever more rarely', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { service, banyan } = await loseService();
    const waitsMs: number[] = [];
    banyan.onStatus((status) => status.state === 'waiting' && waitsMs.push(status.retryInMs));
    for (let lives = 0; lives < 50; lives += 1) {
      await msUntilOnline(service, banyan);
      await vi.advanceTimersByTimeAsync(50);
      service.isServing = false;
      service.cut();
    }
    expect(waitsMs.slice(0, 3)).toEqual([100, 250, 500]);
    expect(waitsMs.at(-1)).toBe(10_000);
    banyan.close();
  });

  test('leaves no timer behind when the client is closed while it waits', async () => {
    const { service, banyan } = await loseService();
    await vi.advanceTimersByTimeAsync(500);
    banyan.close();
    const tries = service.triesMs.length;
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(service.triesMs).toHaveLength(tries);
  });
});
