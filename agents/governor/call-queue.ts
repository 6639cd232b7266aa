import { abortError } from './abort-error.ts';
import type { CallPriority, Queued } from './fair-queue.ts';
import { FairQueue } from './fair-queue.ts';

/** A call that wants to be made. */
export interface WaitingCall extends Queued {
  readonly signal: AbortSignal;
  /** Monotonic; a wait that is known to end later is refused at once. */
  readonly deadlineMs?: number;
  /** Told when the call has to wait, and when it has moved: 1 is the next. */
  readonly onQueued?: (position: number) => void;
}

/** The right to have one call under way. */
export interface Lease {
  readonly serial: number;
  readonly startedAtMs: number;
  readonly signal: AbortSignal;
}

class Waiter implements Queued {
  readonly call: WaitingCall;
  readonly priority: CallPriority;
  readonly owner: string;
  readonly settled = Promise.withResolvers<Lease>();
  /** As last told. */
  position = 0;
  onAbort: (() => void) | undefined;

  constructor(call: WaitingCall) {
    this.call = call;
    this.priority = call.priority;
    this.owner = call.owner;
  }
}

/** The calls of an account that wait for a lease. One whose signal is aborted leaves at once. */
export class CallQueue {
  readonly #account: string;
  readonly #waiters = new FairQueue<Waiter>();

  constructor(account: string) {
    this.#account = account;
  }

  get size(): number {
    return this.#waiters.size;
  }

  get sizes(): Readonly<Record<CallPriority, number>> {
    return { live: this.sizeOf('live'), retry: this.sizeOf('retry'), ingest: this.sizeOf('ingest') };
  }

  sizeOf(priority: CallPriority): number {
    return this.#waiters.sizeOf(priority);
  }

  /** Rejects with what it is refused with: see `refuse`. */
  add(call: WaitingCall): Promise<Lease> {
    if (call.signal.aborted) return Promise.reject(abortError(this.#account, call.signal));
    const waiter = new Waiter(call);
    waiter.onAbort = () => this.#refuse(waiter, abortError(this.#account, call.signal));
    call.signal.addEventListener('abort', waiter.onAbort, { once: true });
    this.#waiters.add(waiter);
    return waiter.settled.promise;
  }

  /** Gives a lease to the call whose turn it is. */
  serve(lease: (call: WaitingCall) => Lease): void {
    const waiter = this.#waiters.take();
    if (waiter === undefined) return;
    stopListening(waiter);
    waiter.settled.resolve(lease(waiter.call));
  }

  /** Refuses every call that `reason` has an error for. */
  refuse(reason: (call: WaitingCall) => Error | undefined): void {
    for (const waiter of this.#waiters.inOrder()) {
      const error = reason(waiter.call);
      if (error !== undefined) this.#refuse(waiter, error);
    }
  }

  #refuse(waiter: Waiter, error: Error): void {
    if (!this.#waiters.delete(waiter)) return;
    stopListening(waiter);
    waiter.settled.reject(error);
  }

  /** Tells everyone whose place has changed, or only `call`. */
  tellPositions(only?: WaitingCall): void {
    let position = 0;
    for (const waiter of this.#waiters.inOrder()) {
      position += 1;
      if (waiter.position !== position && (only === undefined || waiter.call === only)) this.#tell(waiter, position);
    }
  }

  /** A listener that throws is its own call's failure, nobody else's. */
  #tell(waiter: Waiter, position: number): void {
    waiter.position = position;
    try {
      waiter.call.onQueued?.(position);
    } catch (error) {
      this.#refuse(waiter, error instanceof Error ? error : new TypeError('a listener of the queue threw what is no Error', { cause: error }));
    }
  }
}

function stopListening({ call, onAbort }: Waiter): void {
  if (onAbort !== undefined) call.signal.removeEventListener('abort', onAbort);
}
