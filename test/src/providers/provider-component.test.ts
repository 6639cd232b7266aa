import { describe, expect, test } from 'vitest';
import { blowFuse, FUSES, fuseName, installFuse, resetFuse } from '#agents/fuse/fuse.agent.ts';
import { callProvider, GOVERNORS } from '#agents/governor/governor.agent.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { providerComponent } from '#src/providers/provider-component.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { startTree } from '../../support/start-tree.ts';

const FUSE = { maxMelts: 0, windowMs: 1000, refreshMs: 60_000 };

async function startGuards(): Promise<Kernel> {
  const { kernel } = await startTree(() => [
    { id: 'governors', name: GOVERNORS, type: 'supervisor', start: dynamicSupervisor({}) },
    { id: 'fuses', name: FUSES, type: 'supervisor', start: dynamicSupervisor({}) },
  ]);
  return kernel;
}

async function fail(kernel: Kernel, account: string, failure: 'auth' | 'unavailable'): Promise<void> {
  const call = { account, priority: 'live', owner: 'test', signal: new AbortController().signal } as const;
  await callProvider({ kernel, fuse: FUSE }, call, () => Promise.reject(new ProviderError(failure, account, 'failed'))).catch(() => undefined);
}

describe('the health of a provider', () => {
  test('is up before anything was asked', async () => {
    const kernel = await startGuards();
    expect(providerComponent(kernel, 'models', () => ['a', 'b']).check()).toBe('up');
  });

  test('is degraded while the fuse of one account is open, down while those of all are, and up again', async () => {
    const kernel = await startGuards();
    const component = providerComponent(kernel, 'models', () => ['a', 'b']);
    await fail(kernel, 'a', 'unavailable');
    expect(component.check()).toBe('degraded');
    await installFuse(kernel, 'b', FUSE);
    await blowFuse(kernel, fuseName('b'));
    expect(component.check()).toBe('down');
    for (const account of ['a', 'b']) await resetFuse(kernel, fuseName(account));
    expect(component.check()).toBe('up');
  });

  test('is down while its only account refuses our key', async () => {
    const kernel = await startGuards();
    await fail(kernel, 'a', 'auth');
    expect(providerComponent(kernel, 'models', () => ['a']).check()).toBe('down');
  });
});
