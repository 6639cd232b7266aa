import { describe, expect, test } from 'vitest';
import { hit, RATE_LIMIT, rateLimitAgent } from '#agents/rate-limit/rate-limit.agent.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';

async function startLimit(limit: number): Promise<{ kernel: Kernel; clock: SimulatedClock }> {
  const clock = new SimulatedClock();
  const { kernel } = await startTree(() => [{ id: 'rate-limit', name: RATE_LIMIT, start: rateLimitAgent(limit) }], { clock });
  return { kernel, clock };
}

async function hits(kernel: Kernel, key: string, count: number): Promise<boolean[]> {
  const decisions = await Promise.all(Array.from({ length: count }, () => hit(kernel, key)));
  return decisions.map(({ allowed }) => allowed);
}

describe('rate-limit', () => {
  test('A19 a hundred questions pass, the next one is refused with the time to wait', async () => {
    const { kernel, clock } = await startLimit(100);
    await clock.advance(5000);
    expect(await hits(kernel, 'client', 100)).toEqual(Array.from({ length: 100 }, () => true));
    await clock.advance(20_000);
    expect(await hit(kernel, 'client')).toEqual({ allowed: false, retryAfterMs: 40_000 });
  });

  test('the window slides: questions that are a minute old make room for as many', async () => {
    const { kernel, clock } = await startLimit(2);
    await hits(kernel, 'client', 1);
    await clock.advance(30_000);
    expect(await hits(kernel, 'client', 2)).toEqual([true, false]);
    await clock.advance(30_000);
    expect(await hits(kernel, 'client', 2)).toEqual([true, false]);
  });

  test('a refused question is not counted', async () => {
    const { kernel, clock } = await startLimit(1);
    await hits(kernel, 'client', 50);
    await clock.advance(60_000);
    expect(await hit(kernel, 'client')).toEqual({ allowed: true });
  });

  test('clients do not share their limit', async () => {
    const { kernel } = await startLimit(1);
    expect(await hits(kernel, 'a', 2)).toEqual([true, false]);
    expect(await hits(kernel, 'b', 1)).toEqual([true]);
  });

  test('a limit of 0 lets everything pass', async () => {
    const { kernel } = await startLimit(0);
    expect(await hits(kernel, 'client', 500)).not.toContain(false);
  });

  test('a question that comes while the agent restarts is decided by the next incarnation', async () => {
    const { kernel } = await startLimit(1);
    kernel.kill(RATE_LIMIT);
    expect(await hit(kernel, 'client')).toMatchObject({ allowed: true });
  });
});
