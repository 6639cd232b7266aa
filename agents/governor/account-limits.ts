import type { ProviderError } from '#src/ports/provider-error.ts';
import type { RateHint } from '#src/ports/rate-hint.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import { DecayingRate } from './decaying-rate.ts';

export interface Down {
  readonly failure: 'auth' | 'quota';
  readonly untilMs: number;
  readonly cause: ProviderError;
}

/** One refused call, and what was under way when its refusal came. */
export interface Refusal {
  readonly error: ProviderError;
  /** The call's number. */
  readonly serial: number;
  /** The number that the next call will get. */
  readonly nextSerial: number;
  /** With the refused one. */
  readonly inFlight: number;
}

interface Burst {
  /** Calls sent before the first refusal came: their refusals tell nothing new. */
  readonly endSerial: number;
  readonly inFlight: number;
  /** Of about the last window. */
  readonly sent: number;
  readonly sentPerSecond: number;
  refused: number;
}

const WINDOW_MS = 5000;
/** Two of the minutes in which providers count: what was refused longer ago says nothing of today's limit. */
const FORGET_MS = 120_000;
/** Waiting time after a refusal that names none: doubles with each refusal in a row. */
const PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** How long an account is left alone that refused the key, or whose allowance is used up. */
const DOWN_MS = { auth: 60_000, quota: 600_000 } as const;
/** From this share of the allowance on, what is left is spread over the time until it is full again. */
const SCARCE = 0.1;

/**
 * What is known of the limits of one account: calls at a time, calls a second, a pause, and whether it is down. Nothing
 * is limited until the provider refuses. Outlives the crash of its governor.
 */
export class AccountLimits {
  readonly #concurrency = new AdaptiveLimit({ least: 1, firstGoal: 8, step: () => 0.1 });
  readonly #rate = new AdaptiveLimit({ least: 0.5, firstGoal: 10, step: (goal) => Math.max(0.1, 0.02 * goal) });
  readonly #sent = new DecayingRate(WINDOW_MS);
  #tokens = Infinity;
  #filledAtMs = 0;
  #pausedUntilMs = -Infinity;
  #limitedUntilMs = -Infinity;
  #refusalsInRow = 0;
  #burst: Burst | undefined;
  #spread: { readonly perSecond: number; readonly untilMs: number } | undefined;
  #down: Down | undefined;

  get concurrency(): number {
    return this.#concurrency.value;
  }

  ratePerSecond(now: number): number {
    const spread = this.#spread !== undefined && now < this.#spread.untilMs ? this.#spread.perSecond : Infinity;
    return Math.min(this.#rate.value, spread);
  }

  pausedForMs(now: number): number {
    return Math.max(0, this.#pausedUntilMs - now);
  }

  limitedForMs(now: number): number {
    return Math.max(0, this.#limitedUntilMs - now, (this.#spread?.untilMs ?? -Infinity) - now);
  }

  down(now: number): Down | undefined {
    if (this.#down !== undefined && now >= this.#down.untilMs) this.#down = undefined;
    return this.#down;
  }

  /** How long the next call has to wait: 0 when it may go, Infinity when one that runs must end first. */
  waitMs(now: number, inFlight: number): number {
    if (now < this.#pausedUntilMs) return this.#pausedUntilMs - now;
    this.#forgetIfOld(now);
    if (inFlight >= Math.floor(this.#concurrency.value)) return Infinity;
    this.#fill(now);
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.ratePerSecond(now)) * 1000;
  }

  sent(now: number): void {
    this.#sent.add(now);
    this.#tokens -= 1;
  }

  /** @param isHeldBack whether calls wait, so that the limit and not the demand is what bounds them */
  succeeded(now: number, inFlight: number, isHeldBack: boolean): void {
    this.#refusalsInRow = 0;
    if (this.#rate.value === Infinity) return;
    this.#fill(now);
    if (isHeldBack || this.#tokens < 1) this.#rate.grow(now);
    if (isHeldBack || 2 * inFlight >= this.#concurrency.value) this.#concurrency.grow(now);
  }

  throttled(now: number, { error, serial, nextSerial, inFlight }: Refusal): void {
    this.#limitedUntilMs = now + FORGET_MS;
    const burst = this.#burst;
    if (burst !== undefined && serial < burst.endSerial) this.#refusedAgain(burst);
    else this.#refusedFirst(now, { endSerial: nextSerial, inFlight, sent: this.#sent.count(now), sentPerSecond: this.#sent.perSecond(now), refused: 1 });
    this.#pause(now, error.retryAfterMs ?? (burst === this.#burst ? 0 : this.#pauseMs()));
  }

  #refusedFirst(now: number, burst: Burst): void {
    this.#burst = burst;
    this.#refusalsInRow += 1;
    this.#concurrency.refuse(now, burst.inFlight, burst.inFlight - 1);
    this.#rate.refuse(now, burst.sentPerSecond, acceptedPerSecond(burst));
    this.#tokens = Math.min(this.#tokens, 1);
  }

  #refusedAgain(burst: Burst): void {
    burst.refused += 1;
    this.#concurrency.lower(burst.inFlight - burst.refused);
    this.#rate.lower(acceptedPerSecond(burst));
  }

  #pauseMs(): number {
    return Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** (this.#refusalsInRow - 1));
  }

  #pause(now: number, ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, now + ms);
    this.#filledAtMs = Math.max(now, this.#pausedUntilMs);
  }

  wentDown(now: number, failure: Down['failure'], error: ProviderError): void {
    const untilMs = now + (error.retryAfterMs ?? DOWN_MS[failure]);
    if (untilMs > (this.#down?.untilMs ?? -Infinity)) this.#down = { failure, untilMs, cause: error };
  }

  hint(now: number, { remaining, limit, resetMs }: RateHint): void {
    this.#spread = undefined;
    if (remaining <= 0) return this.#pause(now, resetMs);
    if (limit === undefined || remaining >= SCARCE * limit || resetMs <= 0) return;
    this.#fill(now);
    this.#spread = { perSecond: (1000 * remaining) / resetMs, untilMs: now + resetMs };
    this.#tokens = Math.min(this.#tokens, 1);
  }

  /** Another key or another allowance: nothing that was learned holds. */
  forget(): void {
    this.#pausedUntilMs = -Infinity;
    this.#down = undefined;
    this.#spread = undefined;
    this.#forgetLimits();
  }

  #forgetIfOld(now: number): void {
    if (this.#rate.value !== Infinity && now >= this.#limitedUntilMs) this.#forgetLimits();
  }

  #forgetLimits(): void {
    this.#limitedUntilMs = -Infinity;
    this.#refusalsInRow = 0;
    this.#burst = undefined;
    this.#concurrency.forget();
    this.#rate.forget();
  }

  /** The bucket holds a second's worth, and at least one call. */
  #fill(now: number): void {
    const rate = this.ratePerSecond(now);
    const elapsedMs = Math.max(0, now - this.#filledAtMs);
    this.#tokens = rate === Infinity ? Infinity : Math.min(Math.max(1, rate), this.#tokens + (elapsedMs * rate) / 1000);
    this.#filledAtMs = Math.max(now, this.#filledAtMs);
  }
}

function acceptedPerSecond({ sent, sentPerSecond, refused }: Burst): number {
  return sentPerSecond * Math.max(0, 1 - refused / sent);
}
