import { callProvider, GOVERNORS } from '#agents/governor/governor.agent.ts';
import type { CallReport, GuardOptions, ProviderCall } from '#agents/governor/guarded-call.ts';
import { FUSES } from '#agents/fuse/fuse.agent.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderErrorOptions, ProviderFailure } from '#src/ports/provider-error.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';

export const ACCOUNT = 'gemini/default/gemini-flash';
export const FUSE = { maxMelts: 2, windowMs: 10_000, refreshMs: 60_000 };

export interface Guards {
  readonly kernel: Kernel;
  readonly clock: SimulatedClock;
  readonly guards: GuardOptions;
  readonly reports: readonly CallReport[];
}

/** Fuses and governors in a tree whose time passes only when the test says so. */
export async function startGuards(options: Partial<GuardOptions> = {}): Promise<Guards> {
  const clock = new SimulatedClock();
  const { kernel } = await startTree(
    () => [
      { id: 'fuses', name: FUSES, type: 'supervisor', start: dynamicSupervisor({ intensity: 100, periodMs: 1000 }) },
      { id: 'governors', name: GOVERNORS, type: 'supervisor', start: dynamicSupervisor({ intensity: 100, periodMs: 1000 }) },
    ],
    { clock },
  );
  const reports: CallReport[] = [];
  const guards: GuardOptions = { kernel, fuse: FUSE, random: () => 0.5, onOutcome: (report) => reports.push(report), ...options };
  return { kernel, clock, guards, reports };
}

export function callBy(options: Partial<ProviderCall> = {}): ProviderCall {
  return { account: ACCOUNT, priority: 'live', owner: 'session-1', signal: new AbortController().signal, ...options };
}

export function failure(name: ProviderFailure, options: ProviderErrorOptions = {}): ProviderError {
  return new ProviderError(name, ACCOUNT, name, options);
}

export function stateOf(kernel: Kernel, name: string): string | undefined {
  return kernel
    .tree()
    ?.children.flatMap(({ children }) => children)
    .find((child) => child.name === name)?.state;
}

/** Has a call refused by the provider, which pauses the account. */
export async function throttle({ guards }: Guards, retryAfterMs?: number): Promise<void> {
  const error = failure('rate_limited', retryAfterMs === undefined ? {} : { retryAfterMs });
  await callProvider(guards, callBy({ owner: 'throttled' }), () => Promise.reject(error)).catch(() => undefined);
  await settled();
}
