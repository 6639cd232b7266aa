/** A turn that is taken up again has at least so long to its end. */
const MIN_TIME_LEFT_MS = 10_000;
/** Nobody waits any more for a turn that was accepted so long ago, when its session or the process died meanwhile. */
const MAX_AGE_MS = 15 * 60_000;

interface Now {
  readonly turnTimeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** What is left, for a turn that is taken up again, of the time it had. `startedAt` in milliseconds since the epoch; a clock that was set back gives no more. */
export function timeLeftMs(startedAt: number | null, { turnTimeoutMs, nowMs }: Now): number {
  if (startedAt === null) return turnTimeoutMs;
  const left = startedAt + turnTimeoutMs - nowMs;
  return Math.min(turnTimeoutMs, Math.max(MIN_TIME_LEFT_MS, left));
}

/** Whether a turn that is taken up again has to end unanswered. One that was given more time than that may use it. */
export function isTooOld(acceptedAt: number, { turnTimeoutMs, nowMs }: Now): boolean {
  return nowMs - acceptedAt > Math.max(MAX_AGE_MS, turnTimeoutMs);
}
