/** What it takes for silence before the count begins anew. */
const SILENT = 0.001;
const LEAST_AGE_MS = 1000;

/** Events a second, the older ones weighing less: by a factor of e for every window. Three numbers instead of a list. */
export class DecayingRate {
  readonly #windowMs: number;
  #count = 0;
  #countedAtMs = 0;
  #beganAtMs = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(now: number): void {
    const count = this.count(now);
    if (count < SILENT) this.#beganAtMs = now;
    this.#count = count + 1;
    this.#countedAtMs = now;
  }

  /** Events of about the last window. */
  count(now: number): number {
    return this.#count * Math.exp((this.#countedAtMs - now) / this.#windowMs);
  }

  /** Right also before the first window is over. */
  perSecond(now: number): number {
    const ageMs = Math.max(LEAST_AGE_MS, now - this.#beganAtMs);
    return (1000 * this.count(now)) / (this.#windowMs * (1 - Math.exp(-ageMs / this.#windowMs)));
  }
}
