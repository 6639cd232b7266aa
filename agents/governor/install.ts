import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { AccountLimits } from './account-limits.ts';
import type { GovernorOptions } from './governor.ts';
import { Governor } from './governor.ts';
import { governorMachine } from './governor.machine.ts';

/** The dynamic supervisor of all governors. */
export const GOVERNORS = 'governors';

const DEFAULTS: GovernorOptions = { maxQueued: 1000 };

/** @param account `provider/region or key/model`, as the provider counts: the `account` of an adapter. */
export function governorName(account: string): string {
  return `governor:${account}`;
}

/** A governor starts when it is first needed. */
export function installGovernor(kernel: Kernel, account: string, options: Partial<GovernorOptions> = {}): Promise<void> {
  return ensureChild(kernel, GOVERNORS, governorSpec(account, { ...DEFAULTS, ...options }));
}

/** What was learned stays with the spec, so that a crash does not send everybody who waits to a provider at its limit. */
function governorSpec(account: string, options: GovernorOptions): ChildSpec {
  const limits = new AccountLimits();
  return {
    id: 'governor',
    name: governorName(account),
    start: actor(governorMachine, {
      input: ({ runtime, signal }) => {
        const governor = new Governor({ ...options, account, limits, clock: runtime.clock });
        signal.addEventListener('abort', () => governor.close(), { once: true });
        return { governor };
      },
      table: ({ context }) => context.governor,
    }),
  };
}
