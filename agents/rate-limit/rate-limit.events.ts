import type { Asked } from '#supervisors/kernel/process.ts';

export type RateDecision = { readonly allowed: true } | { readonly allowed: false; readonly retryAfterMs: number };

/** One more question of a client. */
export type RateLimitEvent = { readonly type: 'hit'; readonly key: string } & Asked<RateDecision>;
