import { ServiceError } from '#src/errors.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { CacheKind } from './cache.events.ts';
import { cacheLogic } from './cache.machine.ts';

export const CACHE = 'cache';

export function cacheAgent(limits: { readonly maxBytes: number; readonly ttlMs: number }): StartFunction {
  return actor(cacheLogic, { input: ({ runtime }) => ({ ...limits, clock: runtime.clock }) });
}

/** What is kept under the key, undefined also while the cache is down: a cache that is not there costs time, not answers. */
export async function cached<Value extends object>(kernel: Kernel, kind: CacheKind, key: string): Promise<Value | undefined> {
  try {
    return await kernel.ask<Value | undefined>(CACHE, { type: 'get', kind, key });
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/** Keeps a value. Only for what was answered in full: no error, no refusal, nothing degraded. */
export function keep(kernel: Kernel, kind: CacheKind, key: string, value: object): void {
  kernel.send(CACHE, { type: 'put', kind, key, value });
}

/** Empties the cache and tells how many values it held. */
export function clearCache(kernel: Kernel): Promise<number> {
  return kernel.ask<number>(CACHE, { type: 'clear' });
}
