import { isClosed, permission, tellFuse } from '#agents/fuse/fuse.agent.ts';
import { ServiceError } from '#src/errors.ts';
import { PROVIDER_FAILURES, ProviderError } from '#src/ports/provider-error.ts';
import { abortError, orAborted } from './abort-error.ts';
import type { Lease } from './call-queue.ts';
import type { Governor } from './governor.ts';
import type { CallOutcome, GuardOptions, ProviderCall } from './guarded-call.ts';
import { governorName, installGovernor } from './install.ts';

/** Governors that may die while one call waits. */
const MAX_GOVERNORS = 3;
const RETRY_AFTER_MS = 1000;

/** The way of one call through the fuse and the governor of its account, and back. */
export class Passage {
  readonly #guards: GuardOptions;
  readonly #call: ProviderCall;
  readonly #askedAtMs: number;
  #sentAtMs = 0;
  #isProbe = false;
  #governor: Governor | undefined;
  #lease: Lease | undefined;

  constructor(guards: GuardOptions, call: ProviderCall) {
    this.#guards = guards;
    this.#call = call;
    this.#askedAtMs = guards.kernel.clock.now();
  }

  /** Resolves when the call may be sent. Rejects as `callProvider` does. */
  async enter(): Promise<void> {
    const { kernel } = this.#guards;
    const { account, signal } = this.#call;
    try {
      this.#refuseIfAborted();
      if (!isClosed(kernel, account)) await this.#askFuse();
      await this.#askGovernor();
    } catch (error) {
      if (this.#isProbe) tellFuse(kernel, account, 'withdrawn');
      this.#sentAtMs = kernel.clock.now();
      this.#report(signal.aborted ? abortError(account, signal).failure : 'refused', 0);
      throw error;
    }
    this.#sentAtMs = kernel.clock.now();
  }

  /** @param failed what the call threw, undefined for a success */
  leave(failed: unknown): void {
    const { kernel } = this.#guards;
    const { account } = this.#call;
    const outcome = this.#outcomeOf(failed);
    if (this.#governor !== undefined && this.#lease !== undefined) {
      const end = failed instanceof ProviderError ? failed : outcome === 'ok' ? 'ok' : 'error';
      if (this.#governor.release(this.#lease, end)) kernel.send(governorName(account), { type: 'changed' });
    }
    this.#tellFuse(outcome);
    this.#report(outcome, kernel.clock.now() - this.#sentAtMs, failed);
  }

  async #askFuse(): Promise<void> {
    const { kernel, fuse } = this.#guards;
    const { account, signal } = this.#call;
    const asked = permission(kernel, account, fuse);
    const answer = await orAborted(account, signal, asked).catch((error: unknown) => {
      asked.then((late) => void (late.permitted && late.isProbe === true && tellFuse(kernel, account, 'withdrawn')), () => undefined);
      throw error;
    });
    if (!answer.permitted) throw new ProviderError('unavailable', account, 'the fuse is open', { retryAfterMs: answer.retryAfterMs });
    this.#isProbe = answer.isProbe === true;
  }

  /** Where no governor can be had the call goes without: what guards the calls must not be what ends them. */
  async #askGovernor(): Promise<void> {
    for (let attempt = 1; attempt <= MAX_GOVERNORS; attempt += 1) {
      const governor = this.#findGovernor() ?? (await this.#startGovernor());
      if (governor === undefined) return;
      try {
        const acquired = governor.acquire(this.#call);
        const isHeldUp = acquired instanceof Promise;
        this.#lease = isHeldUp ? await acquired : acquired;
        this.#governor = governor;
        return isHeldUp ? await this.#askAgain(governor, this.#lease) : undefined;
      } catch (error) {
        if (!(error instanceof ServiceError && error.code === 'ACTOR_DOWN')) throw error;
      }
    }
    throw new ProviderError('unavailable', this.#call.account, 'its governor keeps dying', { retryAfterMs: RETRY_AFTER_MS });
  }

  /** After a wait the signal may be aborted, the fuse open. */
  async #askAgain(governor: Governor, lease: Lease): Promise<void> {
    try {
      this.#refuseIfAborted();
      if (!this.#isProbe && !isClosed(this.#guards.kernel, this.#call.account)) await this.#askFuse();
    } catch (error) {
      governor.release(lease, 'unsent');
      throw error;
    }
  }

  #findGovernor(): Governor | undefined {
    return this.#guards.kernel.table<Governor>(governorName(this.#call.account));
  }

  async #startGovernor(): Promise<Governor | undefined> {
    const { kernel, governor } = this.#guards;
    const { account, signal } = this.#call;
    try {
      await orAborted(account, signal, installGovernor(kernel, account, governor));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
    }
    return this.#findGovernor();
  }

  #refuseIfAborted(): void {
    const { account, signal } = this.#call;
    if (signal.aborted) throw abortError(account, signal);
  }

  #outcomeOf(failed: unknown): CallOutcome {
    if (failed === undefined) return 'ok';
    if (failed instanceof ProviderError) return failed.failure;
    const { account, signal } = this.#call;
    return signal.aborted ? abortError(account, signal).failure : 'error';
  }

  /** A provider that refuses is not ill; one whose call was given up, or had no time left after its wait, has told nothing. */
  #tellFuse(outcome: CallOutcome): void {
    const { kernel } = this.#guards;
    const { account } = this.#call;
    if (outcome === 'timeout' && this.#hasMostlyWaited()) this.#withdraw();
    else if (outcome in PROVIDER_FAILURES && PROVIDER_FAILURES[outcome as keyof typeof PROVIDER_FAILURES].melts) tellFuse(kernel, account, 'melt');
    else if (outcome === 'aborted' || outcome === 'error') this.#withdraw();
    else if (!isClosed(kernel, account)) tellFuse(kernel, account, 'succeeded');
  }

  /** Whether its own queue took more of the call's time than the provider. */
  #hasMostlyWaited(): boolean {
    return this.#sentAtMs - this.#askedAtMs > this.#guards.kernel.clock.now() - this.#sentAtMs;
  }

  #withdraw(): void {
    if (this.#isProbe) tellFuse(this.#guards.kernel, this.#call.account, 'withdrawn');
  }

  #report(outcome: CallOutcome, durationMs: number, failed?: unknown): void {
    const { account } = this.#call;
    this.#guards.onOutcome?.({ account, outcome, durationMs, queuedMs: this.#sentAtMs - this.#askedAtMs, ...(failed instanceof ProviderError ? { failure: failed } : {}) });
  }
}
