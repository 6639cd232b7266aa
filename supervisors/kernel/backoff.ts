import { MAX_TIMER_MS } from '#src/ports/clock.ts';
import type { SpecError } from './child-spec.ts';

/** Exponential waiting time between restarts. OTP has none; a lost network connection needs one. */
export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Share of the delay that is drawn at random, 0 to 1, so that many children do not come back in step. @defaultValue 0.25 */
  readonly jitter?: number;
}

const DEFAULT_JITTER = 0.25;

/** Delay before restart number `attempt` (1, 2, …) in milliseconds: doubles up to `maxMs`, the jitter taken off. */
export function backoffDelayMs(backoff: Backoff, attempt: number, random: () => number = Math.random): number {
  const full = Math.min(backoff.maxMs, backoff.initialMs * 2 ** (attempt - 1));
  return full * (1 - (backoff.jitter ?? DEFAULT_JITTER) * random());
}

export function checkBackoff(value: unknown): SpecError | undefined {
  const { initialMs, maxMs, jitter } = Object(value) as Partial<Record<keyof Backoff, unknown>>;
  const isValid =
    typeof initialMs === 'number' && initialMs > 0 &&
    typeof maxMs === 'number' && maxMs >= initialMs && maxMs <= MAX_TIMER_MS &&
    (jitter === undefined || (typeof jitter === 'number' && jitter >= 0 && jitter <= 1));
  return isValid ? undefined : { tag: 'invalid_backoff', value };
}
