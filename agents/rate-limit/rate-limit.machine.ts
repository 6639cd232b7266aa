import { LRUCache } from 'lru-cache';
import { fromTransition } from 'xstate';
import type { Clock } from '#src/ports/clock.ts';
import type { RateDecision, RateLimitEvent } from './rate-limit.events.ts';

export interface RateLimitInput {
  /** Questions that a client may ask within the window; 0 for any number. */
  readonly limit: number;
  readonly windowMs: number;
  readonly clock: Clock;
}

/** Clients whose questions are remembered; the one that was silent longest is forgotten first. */
const MAX_CLIENTS = 10_000;

interface RateLimitState extends RateLimitInput {
  /** Client → when its questions of the last window came, oldest first. */
  readonly hits: LRUCache<string, number[]>;
}

/**
 * Has one state: counts each client's questions in a window that slides with the clock, so that no boundary lets twice
 * the limit pass. A refused question is not counted: asking too often does not lock anybody out for longer.
 */
export const rateLimitLogic = fromTransition(
  (state: RateLimitState, event: RateLimitEvent): RateLimitState => {
    if (event.type === 'hit') event.reply(decide(state, event.key)); // XState's own stop event comes here too
    return state;
  },
  ({ input }: { input: RateLimitInput }): RateLimitState => ({ ...input, hits: new LRUCache({ max: MAX_CLIENTS }) }),
);

function decide({ limit, windowMs, clock, hits }: RateLimitState, key: string): RateDecision {
  if (limit === 0) return { allowed: true };
  const now = clock.now();
  const times = (hits.get(key) ?? []).filter((time) => time > now - windowMs);
  const [oldest] = times;
  if (times.length >= limit && oldest !== undefined) return { allowed: false, retryAfterMs: oldest + windowMs - now };
  times.push(now);
  hits.set(key, times);
  return { allowed: true };
}
