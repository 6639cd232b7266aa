import { describe, expect, test } from 'vitest';
import { CACHE, cacheAgent, cached, clearCache, keep } from '#agents/cache/cache.agent.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Report } from '#supervisors/kernel/report.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';

const HOUR_MS = 3_600_000;

async function startCache(maxBytes = 1_000_000, ttlMs = HOUR_MS): Promise<{ kernel: Kernel; clock: SimulatedClock; reports: readonly Report[] }> {
  const clock = new SimulatedClock();
  await clock.advance(1000);
  const { kernel, reports } = await startTree(() => [{ id: 'cache', name: CACHE, start: cacheAgent({ maxBytes, ttlMs }) }], { clock });
  return { kernel, clock, reports };
}

/** Once what was kept before has reached the agent. */
async function found(kernel: Kernel, kind: 'answer' | 'retrieval', key: string): Promise<object | undefined> {
  await new Promise(setImmediate);
  return cached(kernel, kind, key);
}

describe('cache', () => {
  test('what was kept is found, under its kind and key only', async () => {
    const { kernel } = await startCache();
    keep(kernel, 'answer', 'key', { answer: 'yes' });
    expect(await found(kernel, 'answer', 'key')).toEqual({ answer: 'yes' });
    expect(await found(kernel, 'answer', 'other')).toBeUndefined();
    expect(await found(kernel, 'retrieval', 'key')).toBeUndefined();
  });

  test('A23 a value is found until it is as old as its time to live, reading does not prolong it', async () => {
    const { kernel, clock } = await startCache();
    keep(kernel, 'answer', 'key', { answer: 'yes' });
    await clock.advance(HOUR_MS - 1);
    expect(await found(kernel, 'answer', 'key')).toBeDefined();
    await clock.advance(2);
    expect(await found(kernel, 'answer', 'key')).toBeUndefined();
  });

  test('with a time to live of 0 nothing is kept', async () => {
    const { kernel } = await startCache(1_000_000, 0);
    keep(kernel, 'answer', 'key', { answer: 'yes' });
    expect(await found(kernel, 'answer', 'key')).toBeUndefined();
  });

  test('over its bound in bytes it drops what was not read for longest', async () => {
    const { kernel } = await startCache(6000);
    const value = { text: 'x'.repeat(1000) };
    keep(kernel, 'answer', 'a', value);
    keep(kernel, 'answer', 'b', value);
    await found(kernel, 'answer', 'a');
    keep(kernel, 'answer', 'c', value);
    expect(await found(kernel, 'answer', 'a')).toBeDefined();
    expect(await found(kernel, 'answer', 'b')).toBeUndefined();
    expect(await found(kernel, 'answer', 'c')).toBeDefined();
  });

  test('a value above the whole bound is not kept and harms nothing', async () => {
    const { kernel } = await startCache(6000);
    keep(kernel, 'answer', 'small', { text: 'x' });
    keep(kernel, 'answer', 'large', { text: 'x'.repeat(10_000) });
    expect(await found(kernel, 'answer', 'large')).toBeUndefined();
    expect(await found(kernel, 'answer', 'small')).toBeDefined();
  });

  test('A26 clearing tells how many values there were and leaves none', async () => {
    const { kernel } = await startCache();
    keep(kernel, 'answer', 'a', {});
    keep(kernel, 'retrieval', 'a', {});
    expect(await clearCache(kernel)).toBe(2);
    expect(await found(kernel, 'answer', 'a')).toBeUndefined();
    expect(await clearCache(kernel)).toBe(0);
  });

  test('A28 a killed cache comes back empty; while it is down nothing is found and nobody fails', async () => {
    const { kernel, reports } = await startCache();
    keep(kernel, 'answer', 'a', {});
    expect(await found(kernel, 'answer', 'a')).toBeDefined();
    kernel.kill(CACHE);
    expect(await found(kernel, 'answer', 'a')).toBeUndefined();
    await kernel.whenUp(CACHE, 1000);
    expect(await found(kernel, 'answer', 'a')).toBeUndefined();
    expect(reports.filter(({ type }) => type === 'restart')).toHaveLength(1);
  });
});
