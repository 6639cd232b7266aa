import type { App, Gateway } from '#src/gateway/app.ts';

const POLL_MS = 20;
/** What a turn that is handed over gets to leave its query, and to be written as it stands. */
const HAND_OVER_MS = 2000;
/** What clients get to answer a close, and replies to leave their buffers. */
const FAREWELL_MS = 500;

/**
 * Ends the gateway as clients want it. `readyz` says 503 and no question is taken; running answers get
 * `drainTimeoutMs`; those that still run are left to the next process; then every socket is closed with 1012, so that its
 * client comes back to that one; last the port is freed.
 */
export async function drain(app: App, { services, connections }: Gateway): Promise<void> {
  const { sessions, config, logger } = services;
  connections.isDraining = true;
  sessions.drain();
  const isQuiet = (): boolean => sessions.activeSessions() === 0 && connections.answering === 0;
  if (!(await until(services, isQuiet, config.drainTimeoutMs))) {
    logger.warn({ sessions: sessions.activeSessions() }, 'Answers that still run are left to the next process');
    sessions.handOver();
    await until(services, () => sessions.activeSessions() === 0, HAND_OVER_MS);
  }
  await sessions.whenRecorded();
  connections.closeForRestart();
  await until(services, () => connections.isEmpty, FAREWELL_MS);
  const closed = app.close();
  const timer = setTimeout(() => connections.destroy(), FAREWELL_MS);
  await closed;
  clearTimeout(timer);
}

/** Polls a condition that nobody announces; false when the time is over before it holds. */
async function until({ kernel: { clock } }: Gateway['services'], condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const giveUpAt = clock.now() + timeoutMs;
  while (!condition()) {
    if (clock.now() >= giveUpAt) return false;
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, POLL_MS));
  }
  return true;
}
