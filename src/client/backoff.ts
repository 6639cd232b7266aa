const MIN_BOUND_MS = 100;
const MAX_BOUND_MS = 10_000;
/** What the wait for a connection may add to the time that the service was away: a restart of two seconds is noticed within half a second. */
const SHARE_OF_AWAY = 1 / 4;
const PAUSE_GROWTH = 1.5;
/** More would be no wish to be left alone but a mistake; and timers count to 2^31. */
const MAX_WANTED_MS = 3_600_000;

/**
 * How long to wait before connecting again: from half a bound to the bound, which is a quarter of the time that the
 * service will have been away when it may be asked, from 100 ms to 10 s. Chance spreads the clients of one service, also
 * those that it told the same time to wait.
 *
 * @param awayMs how long the service has been away
 * @param random from 0 to 1
 * @param wantedMs what the service asked for at least; up to one hour is kept to
 */
export function reconnectMs(awayMs: number, random: number, wantedMs = 0): number {
  const leastMs = kept(wantedMs);
  const boundMs = Math.min(MAX_BOUND_MS, Math.max(MIN_BOUND_MS, (awayMs + leastMs) * SHARE_OF_AWAY));
  return leastMs + (boundMs * (1 + random)) / 2;
}

/**
 * How long to wait before asking again on a connection that stands: anything up to a bound that grows by half each time,
 * from 150 ms to 10 s.
 *
 * @param refusals how often the service refused, from 1
 * @param random from 0 to 1
 * @param wantedMs what the service asked for at least; up to one hour is kept to
 */
export function askAgainMs(refusals: number, random: number, wantedMs = 0): number {
  return kept(wantedMs) + random * Math.min(MAX_BOUND_MS, MIN_BOUND_MS * PAUSE_GROWTH ** refusals);
}

function kept(wantedMs: number): number {
  return Math.min(MAX_WANTED_MS, Math.max(0, wantedMs));
}
