import { describe, expect, test } from 'vitest';
import { blowFuse, FUSES, fuseName, installFuse, permission, resetFuse, tellFuse } from '#agents/fuse/fuse.agent.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';

/** features A18: {standard, 5, 10 000}, reset after 60 000 ms. */
const OPTIONS = { maxMelts: 5, windowMs: 10_000, refreshMs: 60_000 };
const PART = 'provider:model';
const NAME = fuseName(PART);

async function startFuse(options = OPTIONS): Promise<{ kernel: Kernel; clock: SimulatedClock; isPermitted: () => Promise<boolean> }> {
  const clock = new SimulatedClock();
  const { kernel } = await startTree(() => [{ id: 'fuses', name: FUSES, type: 'supervisor', start: dynamicSupervisor() }], { clock });
  await installFuse(kernel, PART, options);
  return { kernel, clock, isPermitted: async () => (await permission(kernel, PART, options)).permitted };
}

function melt(kernel: Kernel, times: number): void {
  for (let time = 0; time < times; time += 1) tellFuse(kernel, PART, 'melt');
}

function state(kernel: Kernel): string | undefined {
  return kernel.tree()?.children[0]?.children[0]?.state;
}

describe('fuse', () => {
  test('X1 five melts within the window are borne, the sixth opens it', async () => {
    const { kernel, isPermitted } = await startFuse();
    melt(kernel, 5);
    expect(await isPermitted()).toBe(true);
    melt(kernel, 1);
    expect(await isPermitted()).toBe(false);
    expect(state(kernel)).toBe('open');
  });

  test('melts that are as old as the window no longer count', async () => {
    const { kernel, clock, isPermitted } = await startFuse();
    melt(kernel, 5);
    await clock.advance(10_000);
    melt(kernel, 5);
    expect(await isPermitted()).toBe(true);
  });

  test('with no melt to bear the first one opens it', async () => {
    const { kernel, isPermitted } = await startFuse({ ...OPTIONS, maxMelts: 0 });
    melt(kernel, 1);
    expect(await isPermitted()).toBe(false);
  });

  test('an open fuse tells how long it stays so, and melts do not prolong it', async () => {
    const { kernel, clock, isPermitted } = await startFuse();
    melt(kernel, 6);
    await clock.advance(20_000);
    expect(await permission(kernel, PART, OPTIONS)).toEqual({ permitted: false, retryAfterMs: 40_000 });
    melt(kernel, 3);
    await clock.advance(40_000);
    expect(await isPermitted()).toBe(true);
  });

  test('half-open permits one probe; its success closes the fuse with no melt remembered', async () => {
    const { kernel, clock, isPermitted } = await startFuse();
    melt(kernel, 6);
    await clock.advance(60_000);
    expect([await isPermitted(), await isPermitted()]).toEqual([true, false]);
    tellFuse(kernel, PART, 'succeeded');
    expect(await isPermitted()).toBe(true);
    melt(kernel, 5);
    expect(await isPermitted()).toBe(true);
  });

  test('a probe that melts opens the fuse again for the whole time', async () => {
    const { kernel, clock, isPermitted } = await startFuse();
    melt(kernel, 6);
    await clock.advance(60_000);
    expect(await isPermitted()).toBe(true);
    melt(kernel, 1);
    await clock.advance(59_999);
    expect(await isPermitted()).toBe(false);
    await clock.advance(1);
    expect(await isPermitted()).toBe(true);
  });

  test('a probe that is never heard of makes way for another', async () => {
    const { clock, kernel, isPermitted } = await startFuse();
    melt(kernel, 6);
    await clock.advance(60_000);
    await isPermitted();
    await clock.advance(60_000);
    expect([await isPermitted(), await isPermitted()]).toEqual([true, false]);
  });

  test('an operator opens and closes it by hand', async () => {
    const { kernel, isPermitted } = await startFuse();
    await blowFuse(kernel, NAME);
    expect(await isPermitted()).toBe(false);
    await resetFuse(kernel, NAME);
    expect(await isPermitted()).toBe(true);
    expect(state(kernel)).toBe('closed');
  });

  test('reset forgets the melts', async () => {
    const { kernel, isPermitted } = await startFuse();
    melt(kernel, 5);
    await resetFuse(kernel, NAME);
    melt(kernel, 5);
    expect(await isPermitted()).toBe(true);
  });

  test('a disabled fuse permits nothing, heals by nothing, and only enable brings it back', async () => {
    const { kernel, clock, isPermitted } = await startFuse();
    await kernel.ask(NAME, { type: 'disable' });
    melt(kernel, 6);
    await resetFuse(kernel, NAME);
    await clock.advance(120_000);
    expect(await isPermitted()).toBe(false);
    await kernel.ask(NAME, { type: 'enable' });
    expect(await isPermitted()).toBe(true);
  });

  test.for(['fuse:unknown', 'cache', 'fuse'])('%s is no fuse', async (name) => {
    const { kernel } = await startFuse();
    await expect(blowFuse(kernel, name)).rejects.toMatchObject({ code: 'FUSE_NOT_FOUND' });
    await expect(resetFuse(kernel, name)).rejects.toMatchObject({ code: 'FUSE_NOT_FOUND' });
  });

  test('a fuse whose supervisor was killed is installed anew by the next call', async () => {
    const { kernel, isPermitted } = await startFuse();
    await blowFuse(kernel, NAME);
    kernel.kill(FUSES);
    await kernel.whenUp(FUSES, 1000);
    expect(await isPermitted()).toBe(true);
    expect(kernel.whereis(NAME)).toBeDefined();
  });
});
