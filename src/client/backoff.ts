const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** A service that restarts is away for a second: a bound that doubled would overshoot that by seconds. */
const GROWTH = 1.5;
/** More would be no wish to be left alone but a mistake; and timers count to 2^31. */
const MAX_WANTED_MS = 3_600_000;

/**
 * How long to wait before the next try: anything up to a bound that grows by half each time, from 100 ms to 10 s. The whole range is left
 * to chance, so that the clients of a restarted service come back spread out.
 *
 * @param attempt tries that failed before, from 0
 * @param random from 0 to 1
 * @param wantedMs what the service asked for at least; up to one hour is kept to
 */
export function backoffMs(attempt: number, random: number, wantedMs = 0): number {
  return Math.max(random * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * GROWTH ** attempt), Math.min(MAX_WANTED_MS, wantedMs));
}
