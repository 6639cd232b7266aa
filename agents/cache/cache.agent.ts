import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { CacheKind } from './cache.events.ts';
import type { CacheEntries } from './cache.machine.ts';
import { cacheLogic, entryKey } from './cache.machine.ts';

export const CACHE = 'cache';

export function cacheAgent(limits: { readonly maxBytes: number; readonly ttlMs: number }): StartFunction {
  return actor(cacheLogic, { input: ({ runtime }) => ({ ...limits, clock: runtime.clock }), table: ({ context }) => context.entries });
}

/**
 * What is kept under the key, undefined also while the cache is down: a cache that is not there costs time, not answers.
 * Read from the agent's table: an ask would cost more than all else of an answer that is known.
 */
export function cached<Value extends object>(kernel: Kernel, kind: CacheKind, key: string): Value | undefined {
  return kernel.table<CacheEntries>(CACHE)?.get(entryKey(kind, key)) as Value | undefined;
}

/** Keeps a value. Only for what was answered in full: no error, no refusal, nothing degraded. */
export function keep(kernel: Kernel, kind: CacheKind, key: string, value: object): void {
  kernel.send(CACHE, { type: 'put', kind, key, value });
}

/** Empties the cache and tells how many values it held. */
export function clearCache(kernel: Kernel): Promise<number> {
  return kernel.ask<number>(CACHE, { type: 'clear' });
}
