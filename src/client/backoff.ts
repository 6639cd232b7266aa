const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

/**
 * How long to wait before the next try: anything up to a bound that doubles from 100 ms to 10 s. The whole range is left
 * to chance, so that the clients of a restarted service come back spread out.
 *
 * @param attempt tries that failed before, from 0
 * @param random from 0 to 1
 */
export function backoffMs(attempt: number, random: number): number {
  return random * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
}
