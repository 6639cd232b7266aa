import { ServiceError } from '#src/errors.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import type { Permission } from './fuse.events.ts';
import type { FuseTable } from './fuse.machine.ts';
import { fuseMachine } from './fuse.machine.ts';

export type { Permission } from './fuse.events.ts';

export const FUSES = 'fuses';

export interface FuseOptions {
  readonly maxMelts: number;
  readonly windowMs: number;
  readonly refreshMs: number;
}

/** @param part what the fuse guards: a provider account, region and model, such as `extractive:quotes`. */
export function fuseName(part: string): string {
  return `fuse:${part}`;
}

function fuseSpec(part: string, options: FuseOptions): ChildSpec {
  return {
    id: 'fuse',
    name: fuseName(part),
    start: actor(fuseMachine, {
      input: ({ runtime }) => ({ ...options, clock: runtime.clock }),
      table: ({ context }) => context.table,
    }),
  };
}

/** A fuse starts when it is first needed. */
export function installFuse(kernel: Kernel, part: string, options: FuseOptions): Promise<void> {
  return ensureChild(kernel, FUSES, fuseSpec(part, options));
}

/**
 * Whether a closed fuse permits calls to `part`, read without asking: what was told a moment ago may not show yet. When
 * false, ask for the `permission`.
 */
export function isClosed(kernel: Kernel, part: string): boolean {
  return kernel.table<FuseTable>(fuseName(part))?.isClosed === true;
}

/** Whether a fuse keeps calls from `part`: one that was never needed, or is restarting, does not. */
export function isOpen(kernel: Kernel, part: string): boolean {
  return kernel.table<FuseTable>(fuseName(part))?.isClosed === false;
}

/** Whether each fuse that was ever needed is closed, by the part that it guards. */
export function fuseStates(kernel: Kernel): ReadonlyMap<string, boolean> {
  const prefix = fuseName('');
  const parts = kernel.registry.names().flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  return new Map(parts.map((part) => [part, isClosed(kernel, part)]));
}

/** Whether a call to `part` may be made now; a fuse that is missing or restarting permits it. */
export async function permission(kernel: Kernel, part: string, options: FuseOptions): Promise<Permission> {
  try {
    await installFuse(kernel, part, options);
    return await kernel.ask<Permission>(fuseName(part), { type: 'permit' });
  } catch (error) {
    if (error instanceof ServiceError) return { permitted: true };
    throw error;
  }
}

/** Tells the fuse how a permitted call went; `withdrawn` is a probe that was given up before it told anything. */
export function tellFuse(kernel: Kernel, part: string, outcome: 'melt' | 'succeeded' | 'withdrawn'): void {
  kernel.send(fuseName(part), { type: outcome });
}

/** Opens a fuse by hand; it heals like one that melted. Rejects with FUSE_NOT_FOUND. */
export function blowFuse(kernel: Kernel, name: string): Promise<void> {
  return operate(kernel, name, 'blow');
}

/** Closes a fuse by hand and forgets its melts. Rejects with FUSE_NOT_FOUND. */
export function resetFuse(kernel: Kernel, name: string): Promise<void> {
  return operate(kernel, name, 'reset');
}

function operate(kernel: Kernel, name: string, type: 'blow' | 'reset'): Promise<void> {
  if (!name.startsWith(fuseName('')) || kernel.whereis(name) === undefined) {
    return Promise.reject(new ServiceError('FUSE_NOT_FOUND', `no fuse is called ${name}`));
  }
  return kernel.ask<void>(name, { type });
}
