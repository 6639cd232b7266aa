import { describe, expect, test } from 'vitest';
import type { ComponentStatus, HealthReport } from '#agents/health/health.agent.ts';
import { HEALTH, health, healthAgent, processes } from '#agents/health/health.agent.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import { fromTransition, setup } from 'xstate';
import { SimulatedClock, settled } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';

type Parts = Record<'vital' | 'other', ComponentStatus>;

async function startHealth(): Promise<{ kernel: Kernel; parts: Parts; clock: SimulatedClock; changes: HealthReport[] }> {
  const clock = new SimulatedClock();
  const parts: Parts = { vital: 'up', other: 'up' };
  const changes: HealthReport[] = [];
  const components = [
    { name: 'vital', isVital: true, check: () => parts.vital },
    { name: 'other', isVital: false, check: () => parts.other },
  ];
  const { kernel } = await startTree((made) => [
    { id: 'health', name: HEALTH, start: healthAgent({ kernel: made, components, onChange: (report) => changes.push(report) }) },
  ], { clock });
  return { kernel, parts, clock, changes };
}

describe('health', () => {
  test.for<[ComponentStatus, ComponentStatus, HealthReport['status']]>([
    ['up', 'up', 'healthy'],
    ['up', 'down', 'degraded'],
    ['up', 'degraded', 'degraded'],
    ['degraded', 'up', 'degraded'],
    ['down', 'up', 'critical'],
    ['down', 'down', 'critical'],
  ])('a vital part %s and another %s is %s', async ([vital, other, status]) => {
    const { kernel, parts } = await startHealth();
    Object.assign(parts, { vital, other });
    expect(await health(kernel)).toEqual({ status, components: { vital, other } });
    expect(kernel.tree()?.children[0]?.state).toBe(status);
  });

  test('a change is found within a second and told once, and so is the way back', async () => {
    const { parts, clock, changes } = await startHealth();
    parts.other = 'down';
    await clock.advance(1000);
    await clock.advance(5000);
    expect(changes.map(({ status }) => status)).toEqual(['degraded']);
    parts.other = 'up';
    await clock.advance(1000);
    expect(changes.map(({ status }) => status)).toEqual(['degraded', 'healthy']);
  });

  test('an end that a supervisor reports is looked at without waiting for the interval', async () => {
    const changes: HealthReport[] = [];
    const idle = actor(fromTransition((state: object) => state, {}));
    const { kernel } = await startTree((made) => [
      { id: 'cache', name: 'cache', start: idle, restart: 'temporary' },
      {
        id: 'health',
        name: HEALTH,
        start: healthAgent({ kernel: made, components: [processes(made, 'cache', ['cache'], false)], onChange: (report) => changes.push(report) }),
      },
    ], { clock: new SimulatedClock() });
    kernel.kill('cache');
    await settled();
    expect(changes).toEqual([{ status: 'degraded', components: { cache: 'down' } }]);
  });

  test('an end that was due is no reason to look', async () => {
    let checks = 0;
    const done = actor(setup({}).createMachine({ on: { end: '.ended' }, initial: 'running', states: { running: {}, ended: { type: 'final' } } }));
    const check = (): ComponentStatus => {
      checks += 1;
      return 'up';
    };
    const { kernel } = await startTree((made) => [
      { id: 'query', name: 'query', start: done, restart: 'temporary' },
      { id: 'health', name: HEALTH, start: healthAgent({ kernel: made, components: [{ name: 'part', isVital: false, check }], onChange: () => undefined }) },
    ], { clock: new SimulatedClock() });
    const before = checks;
    kernel.send('query', { type: 'end' });
    await settled();
    expect([kernel.whereis('query'), checks]).toEqual([undefined, before]);
  });

  test('without its monitor the service calls itself degraded', async () => {
    const { kernel } = await startHealth();
    kernel.kill(HEALTH);
    expect(await health(kernel)).toEqual({ status: 'degraded', components: { health: 'down' } });
  });
});
