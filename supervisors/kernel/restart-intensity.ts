/** The restarts of one supervisor within its period: a sliding window over monotonic milliseconds. */
export class RestartIntensity {
  readonly #intensity: number;
  readonly #periodMs: number;
  #times: number[] = [];

  constructor(intensity: number, periodMs: number) {
    this.#intensity = intensity;
    this.#periodMs = periodMs;
  }

  /** Counts one restart; false when there are now more than the intensity within the period (both ends inclusive). */
  allows(nowMs: number): boolean {
    const oldest = nowMs - this.#periodMs;
    this.#times = this.#times.filter((time) => time >= oldest);
    this.#times.push(nowMs);
    return this.#times.length <= this.#intensity;
  }
}
