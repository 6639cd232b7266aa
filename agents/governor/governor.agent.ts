import { ServiceError } from '#src/errors.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { ProcessInfo } from '#supervisors/kernel/process-info.ts';
import type { RateHint } from '#src/ports/rate-hint.ts';
import type { Governor, GovernorStatus } from './governor.ts';
import { GOVERNORS, governorName } from './install.ts';

export { abortError, orAborted } from './abort-error.ts';
export type { CallPriority } from './fair-queue.ts';
export type { GovernorMode, GovernorOptions, GovernorStatus } from './governor.ts';
export type { CallOutcome, CallReport, GuardOptions, ProviderCall } from './guarded-call.ts';
export { callProvider, streamProvider } from './guarded-call.ts';
export { GOVERNORS, governorName, installGovernor } from './install.ts';
export type { RetriedCall } from './retry.ts';
export { retryProvider } from './retry.ts';
export { withTimeout } from './with-timeout.ts';

/** Tells the governor what an answer said of the account's allowance. */
export function hintRate(kernel: Kernel, account: string, hint: RateHint): void {
  kernel.send(governorName(account), { type: 'hint', hint });
}

/** The key, the allowance or the model of an account was changed, or of all: nothing that was learned holds. */
export async function settingsChanged(kernel: Kernel, account?: string): Promise<void> {
  const names = account === undefined ? governorNames(kernel) : [governorName(account)];
  await Promise.all(names.map((name) => kernel.ask<void>(name, { type: 'settingsChanged' }).catch(unlessGone)));
}

/** How the calls of an account stand; undefined while nobody has called it. */
export function governorStatus(kernel: Kernel, account: string): GovernorStatus | undefined {
  return kernel.table<Governor>(governorName(account))?.status();
}

/** How the calls of all accounts stand. */
export function governorStatuses(kernel: Kernel): readonly GovernorStatus[] {
  return governorNames(kernel).flatMap((name) => kernel.table<Governor>(name)?.status() ?? []);
}

function governorNames(kernel: Kernel): readonly string[] {
  const tree = kernel.tree();
  const supervisor = tree === undefined ? undefined : find(tree, GOVERNORS);
  return supervisor?.children.flatMap(({ name }) => name ?? []) ?? [];
}

function find(node: ProcessInfo, name: string): ProcessInfo | undefined {
  if (node.name === name) return node;
  for (const child of node.children) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A governor that is gone has nothing to forget. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ServiceError)) throw error;
}
