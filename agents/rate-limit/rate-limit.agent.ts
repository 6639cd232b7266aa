import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { RateDecision } from './rate-limit.events.ts';
import { rateLimitLogic } from './rate-limit.machine.ts';

export type { RateDecision } from './rate-limit.events.ts';

export const RATE_LIMIT = 'rate-limit';

const WINDOW_MS = 60_000;
const RESTART_WAIT_MS = 1000;

/** @param limit questions a minute for each client; 0 for any number (features A19). */
export function rateLimitAgent(limit: number): StartFunction {
  return actor(rateLimitLogic, { input: ({ runtime }) => ({ limit, windowMs: WINDOW_MS, clock: runtime.clock }) });
}

/** Counts a question of a client and tells whether it may be asked. Waits while the agent restarts. */
export async function hit(kernel: Kernel, key: string): Promise<RateDecision> {
  if (kernel.whereis(RATE_LIMIT) === undefined) await kernel.whenUp(RATE_LIMIT, RESTART_WAIT_MS);
  return kernel.ask<RateDecision>(RATE_LIMIT, { type: 'hit', key });
}
