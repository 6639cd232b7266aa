import { AsyncLocalStorage } from 'node:async_hooks';
import { ServiceError } from '#src/errors.ts';
import type { Clock } from '#src/ports/clock.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { RateHint } from '#src/ports/rate-hint.ts';
import type { AccountLimits } from './account-limits.ts';
import type { Lease, WaitingCall } from './call-queue.ts';
import { CallQueue } from './call-queue.ts';
import type { CallPriority } from './fair-queue.ts';

export interface GovernorOptions {
  /** Calls of one priority that may wait. */
  readonly maxQueued: number;
}

export interface GovernorInput extends GovernorOptions {
  readonly account: string;
  readonly clock: Clock;
  readonly limits: AccountLimits;
}

export type GovernorMode = 'free' | 'limited' | 'paused' | 'down';

export interface GovernorStatus {
  readonly account: string;
  readonly mode: GovernorMode;
  /** Why it is down. */
  readonly failure: 'auth' | 'quota' | undefined;
  readonly inFlight: number;
  readonly waiting: Readonly<Record<CallPriority, number>>;
  /** Infinity until the provider has refused a call. */
  readonly concurrency: number;
  /** Infinity until the provider has refused a call. */
  readonly ratePerSecond: number;
  readonly pausedForMs: number;
}

/** How a leased call went. Unsent: it was given up before anything was sent. */
export type LeaseEnd = 'ok' | 'error' | 'unsent' | ProviderError;

/** While calls wait, the queue is looked at this often: positions, deadlines, leases that nobody gave back. */
const TICK_MS = 100;
/** Longer than any deadline: a lease this old belongs to nobody. */
const MAX_LEASE_MS = 600_000;
const LEAST_RETRY_AFTER_MS = 1000;

/** Lets the calls of one account through at the rate that its provider bears; the others wait their turn. */
export class Governor {
  readonly #account: string;
  readonly #clock: Clock;
  readonly #maxQueued: number;
  readonly #limits: AccountLimits;
  readonly #queue: CallQueue;
  readonly #leases = new Set<Lease>();
  /** Timers are the governor's own, whoever's call arms them. */
  readonly #asGovernor = AsyncLocalStorage.snapshot();
  #lastSerial = 0;
  #timer: unknown;
  #dueAtMs = Infinity;
  #isClosed = false;

  constructor({ account, clock, maxQueued, limits }: GovernorInput) {
    this.#account = account;
    this.#clock = clock;
    this.#maxQueued = maxQueued;
    this.#limits = limits;
    this.#queue = new CallQueue(account);
  }

  /**
   * A lease at once where nothing holds the call back. Throws or rejects with ProviderError: `auth` or `quota` while the
   * account is down, `rate_limited` when the queue is full (`cause` is OVERLOADED) or the deadline comes before the
   * turn, the reason of the signal; with ServiceError ACTOR_DOWN when the governor ends.
   */
  acquire(call: WaitingCall): Lease | Promise<Lease> {
    const now = this.#clock.now();
    const refusal = this.#isClosed ? this.#closed() : this.#downError(now);
    if (refusal !== undefined) throw refusal;
    if (this.#queue.size === 0 && this.#waitMs(now) === 0) return this.#lease(call, now);
    const hopeless = this.#overloaded(call, now) ?? this.#late(call, now);
    if (hopeless !== undefined) throw hopeless;
    const lease = this.#queue.add(call);
    this.#pump(now);
    if (call.onQueued !== undefined) this.#queue.tellPositions(call);
    return lease;
  }

  /** Gives a lease back and learns from how its call went. True when the mode has changed. */
  release(lease: Lease, end: LeaseEnd): boolean {
    const now = this.#clock.now();
    const hasChanged = this.#learn(now, lease, end);
    this.#leases.delete(lease);
    if (this.#queue.size > 0) this.#pump(now);
    return hasChanged;
  }

  #learn(now: number, { serial }: Lease, end: LeaseEnd): boolean {
    const inFlight = this.#leases.size;
    if (end === 'ok') this.#limits.succeeded(now, inFlight, this.#queue.size > 0);
    if (!(end instanceof ProviderError)) return false;
    if (end.failure === 'rate_limited') {
      this.#limits.throttled(now, { error: end, serial, nextSerial: this.#lastSerial + 1, inFlight });
      this.#queue.refuse((call) => this.#late(call, now));
      return true;
    }
    if (end.failure !== 'auth' && end.failure !== 'quota') return false;
    this.#limits.wentDown(now, end.failure, end);
    this.#queue.refuse(() => this.#downError(now));
    return true;
  }

  hint(hint: RateHint): void {
    const now = this.#clock.now();
    this.#limits.hint(now, hint);
    this.#pump(now);
  }

  /** The settings have changed: starts over. */
  forget(): void {
    this.#limits.forget();
    this.#pump(this.#clock.now());
  }

  /** Nobody gets a lease any more; who waits is told ACTOR_DOWN. */
  close(): void {
    this.#isClosed = true;
    this.#disarm();
    this.#queue.refuse(() => this.#closed());
  }

  get mode(): GovernorMode {
    const now = this.#clock.now();
    if (this.#limits.down(now) !== undefined) return 'down';
    if (this.#limits.pausedForMs(now) > 0) return 'paused';
    return this.#limits.limitedForMs(now) > 0 ? 'limited' : 'free';
  }

  /** How long the mode lasts when nothing happens. */
  get modeEndsInMs(): number {
    const now = this.#clock.now();
    const down = this.#limits.down(now);
    if (down !== undefined) return down.untilMs - now;
    const pausedForMs = this.#limits.pausedForMs(now);
    return pausedForMs > 0 ? pausedForMs : this.#limits.limitedForMs(now);
  }

  status(): GovernorStatus {
    const now = this.#clock.now();
    return {
      account: this.#account,
      mode: this.mode,
      failure: this.#limits.down(now)?.failure,
      inFlight: this.#leases.size,
      waiting: this.#queue.sizes,
      concurrency: Math.floor(this.#limits.concurrency),
      ratePerSecond: this.#limits.ratePerSecond(now),
      pausedForMs: this.#limits.pausedForMs(now),
    };
  }

  #lease({ signal }: WaitingCall, now: number): Lease {
    this.#lastSerial += 1;
    const lease = { serial: this.#lastSerial, startedAtMs: now, signal };
    this.#leases.add(lease);
    this.#limits.sent(now);
    return lease;
  }

  #waitMs(now: number): number {
    const waitMs = this.#limits.waitMs(now, this.#leases.size);
    return waitMs === Infinity && this.#reap(now) ? this.#limits.waitMs(now, this.#leases.size) : waitMs;
  }

  /** Takes back what was never given back: calls whose caller has gone, and what is older than any deadline. */
  #reap(now: number): boolean {
    const before = this.#leases.size;
    for (const lease of this.#leases) {
      if (lease.signal.aborted || now - lease.startedAtMs > MAX_LEASE_MS) this.#leases.delete(lease);
    }
    return this.#leases.size < before;
  }

  /** Lets through as many as may go. */
  #pump(now: number): void {
    let waitMs = 0;
    while (this.#queue.size > 0 && waitMs === 0) {
      waitMs = this.#waitMs(now);
      if (waitMs === 0) this.#queue.serve((call) => this.#lease(call, now));
    }
    if (this.#queue.size === 0) this.#disarm();
    else this.#arm(now, Math.max(1, Math.ceil(Math.min(TICK_MS, waitMs))));
  }

  #arm(now: number, delayMs: number): void {
    if (now + delayMs >= this.#dueAtMs) return;
    this.#disarm();
    this.#dueAtMs = now + delayMs;
    this.#timer = this.#asGovernor(() => this.#clock.setTimeout(() => this.#tick(), delayMs));
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueAtMs = Infinity;
  }

  #tick(): void {
    this.#disarm();
    const now = this.#clock.now();
    this.#queue.refuse((call) => this.#late(call, now));
    this.#pump(now);
    this.#queue.tellPositions();
  }

  #late({ deadlineMs }: WaitingCall, now: number): ProviderError | undefined {
    if (deadlineMs === undefined || now + this.#limits.pausedForMs(now) < deadlineMs) return undefined;
    return new ProviderError('rate_limited', this.#account, 'no turn before the deadline', { retryAfterMs: this.#retryAfterMs(now) });
  }

  #overloaded({ priority }: WaitingCall, now: number): ProviderError | undefined {
    if (this.#queue.sizeOf(priority) < this.#maxQueued) return undefined;
    const retryAfterMs = this.#retryAfterMs(now);
    const cause = new ServiceError('OVERLOADED', `${this.#maxQueued} calls of ${this.#account} wait`, { retryAfterMs });
    return new ProviderError('rate_limited', this.#account, `${this.#maxQueued} calls wait`, { cause, retryAfterMs });
  }

  /** When those who wait now may have had their turns. */
  #retryAfterMs(now: number): number {
    const queueMs = (1000 * this.#queue.size) / this.#limits.ratePerSecond(now);
    return Math.max(LEAST_RETRY_AFTER_MS, Math.ceil(this.#limits.pausedForMs(now) + queueMs));
  }

  #downError(now: number): ProviderError | undefined {
    const down = this.#limits.down(now);
    if (down === undefined) return undefined;
    const { failure, untilMs, cause } = down;
    return new ProviderError(failure, this.#account, 'is down', { cause, retryAfterMs: untilMs - now });
  }

  #closed(): ServiceError {
    return new ServiceError('ACTOR_DOWN', `the governor of ${this.#account} is down`);
  }
}
