/** What a refusal leaves of what was accepted. TCP takes a half; the less a limit swings, the more of it is used. */
const DECREASE = 0.7;
/** Without a refusal the steps double in this time: a limit that was lifted is found again within half a minute. */
const DOUBLING_MS = 3000;

export interface AdaptiveLimitOptions {
  /** Never below. */
  readonly least: number;
  /** After the first refusal it grows fast at least up to here: one refusal at low use tells little. */
  readonly firstGoal: number;
  /** What a round of `value` successes adds once the goal is reached. */
  readonly step: (goal: number) => number;
}

/**
 * A limit that is learned by trying: infinite until the first refusal, which takes it back to a share of what was
 * accepted; then every success adds one up to the goal, below where it was refused last, and little above it, more the
 * longer nothing is refused (additive increase and multiplicative decrease, with TCP's slow start and CUBIC's growth by
 * time). The unit is the user's: calls at a time, calls a second. Times are monotonic.
 */
export class AdaptiveLimit {
  readonly #options: AdaptiveLimitOptions;
  #value = Infinity;
  #goal = Infinity;
  #refusedAtMs = 0;

  constructor(options: AdaptiveLimitOptions) {
    this.#options = options;
  }

  get value(): number {
    return this.#value;
  }

  /** @param used what was asked for when the first refusal of a burst came */
  refuse(now: number, used: number, accepted: number): void {
    const { least, firstGoal } = this.#options;
    const reached = this.#value === Infinity ? used : Math.max(this.#goal, this.#value);
    this.#goal = Math.max(least, this.#value === Infinity ? firstGoal : 0, DECREASE * reached);
    this.#refusedAtMs = now;
    this.lower(accepted);
  }

  /** A further refusal of the same burst: less was accepted than it seemed. */
  lower(accepted: number): void {
    this.#value = Math.min(this.#value, Math.max(this.#options.least, DECREASE * accepted));
  }

  /** For a success while the limit held calls back. */
  grow(now: number): void {
    if (this.#value === Infinity) return;
    const step = this.#options.step(this.#goal) * 2 ** ((now - this.#refusedAtMs) / DOUBLING_MS);
    this.#value = this.#value < this.#goal ? Math.min(this.#goal, this.#value + 1) : this.#value + step / this.#value;
  }

  forget(): void {
    this.#value = Infinity;
    this.#goal = Infinity;
  }
}
