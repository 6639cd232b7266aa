import { frameLog } from '#agents/frames/frames.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { GatewayServices } from '../services.ts';

/** Cancels the turns of sessions whose last client has been gone for `leaveTimeoutMs`. */
export class Departures {
  readonly #services: GatewayServices;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(services: GatewayServices) {
    this.#services = services;
  }

  /** A client of the session has gone by itself. */
  left(session: string): void {
    const { leaveTimeoutMs } = this.#services.config;
    if (leaveTimeoutMs === 0 || this.#hasListeners(session)) return;
    clearTimeout(this.#timers.get(session));
    this.#timers.set(session, setTimeout(() => void this.#cancelUnheard(session), leaveTimeoutMs).unref());
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Turns that waited come to run when the one before is cancelled: they are unheard as well. */
  async #cancelUnheard(session: string): Promise<void> {
    this.#timers.delete(session);
    const { sessions, config, logger } = this.#services;
    try {
      for (let turns = 0; turns <= config.sessionQueueLength && !this.#hasListeners(session); turns += 1) await sessions.cancel(session);
    } catch (error) {
      if (!(error instanceof ServiceError)) logger.error({ error, session }, 'Turns of a session that everybody left were not cancelled');
    }
  }

  #hasListeners(session: string): boolean {
    return frameLog(this.#services.kernel)?.hasListeners(session) ?? true;
  }
}
