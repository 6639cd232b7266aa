import { isOpen } from '#agents/fuse/fuse.agent.ts';
import { governorStatus } from '#agents/governor/governor.agent.ts';
import type { Component } from '#agents/health/health.agent.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';

/**
 * Health of what is asked through these accounts: down when a guard lets none of them be asked, degraded when one of
 * them. What has not failed is up, whether it was asked or not.
 */
export function providerComponent(kernel: Kernel, name: string, accounts: () => readonly string[]): Component {
  return {
    name,
    isVital: false,
    check: () => {
      const all = accounts();
      const unusable = all.filter((account) => isOpen(kernel, account) || governorStatus(kernel, account)?.mode === 'down');
      if (unusable.length === 0) return 'up';
      return unusable.length === all.length ? 'down' : 'degraded';
    },
  };
}
