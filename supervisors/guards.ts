import { CACHE, cacheAgent } from '#agents/cache/cache.agent.ts';
import { FUSES } from '#agents/fuse/fuse.agent.ts';
import { GOVERNORS } from '#agents/governor/governor.agent.ts';
import { RATE_LIMIT, rateLimitAgent } from '#agents/rate-limit/rate-limit.agent.ts';
import type { Config } from '#config/schema.ts';
import { dynamicSupervisor } from './kernel/dynamic-supervisor.ts';
import type { StartFunction } from './kernel/process.ts';
import { supervisor } from './kernel/supervisor.ts';

/** What stands between the clients and the work: what is known already, what is too much, what is broken. */
export function guardsSupervisor({ cacheMaxBytes, cacheTtlMs, rateLimit }: Config): StartFunction {
  return supervisor({
    strategy: 'one_for_one',
    intensity: 20,
    periodMs: 60_000,
    children: [
      { id: 'cache', name: CACHE, start: cacheAgent({ maxBytes: cacheMaxBytes, ttlMs: cacheTtlMs }) },
      { id: 'rate-limit', name: RATE_LIMIT, start: rateLimitAgent(rateLimit) },
      { id: 'governors', name: GOVERNORS, type: 'supervisor', start: dynamicSupervisor({ intensity: 20, periodMs: 60_000 }) },
      { id: 'fuses', name: FUSES, type: 'supervisor', start: dynamicSupervisor({ intensity: 20, periodMs: 60_000 }) },
    ],
  });
}
