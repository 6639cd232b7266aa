import type { Clock } from '#src/ports/clock.ts';

/** A client that was cut off comes back within seconds; what nobody asks anything costs no more than this. */
const MAX_KEPT = 10_000;

/** Sessions that were begun, never asked anything and left: no other part knows them, and their clients may come back. */
export class UnaskedSessions {
  readonly #clock: Clock;
  readonly #keptMs: number;
  /** By when they are forgotten, those that were left first at the front. */
  readonly #forgottenAt = new Map<string, number>();

  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  add(session: string): void {
    this.#forgottenAt.delete(session);
    this.#forgottenAt.set(session, this.#clock.now() + this.#keptMs);
    this.#forgetOld();
  }

  has(session: string): boolean {
    return (this.#forgottenAt.get(session) ?? -Infinity) > this.#clock.now();
  }

  #forgetOld(): void {
    const now = this.#clock.now();
    for (const [session, at] of this.#forgottenAt) {
      if (at > now && this.#forgottenAt.size <= MAX_KEPT) return;
      this.#forgottenAt.delete(session);
    }
  }
}
