import type { AnyEvent, Process } from './process.ts';

const BUDGET = 1000;

interface Delivery {
  readonly process: Process;
  readonly event: AnyEvent;
}

/**
 * Delivers events one after the other, never in the sender's stack, so that no chain of actors overflows it. After a
 * budget of events it lets timers and sockets run, so that no two actors starve them.
 */
export class RunQueue {
  readonly #deliver: (process: Process, event: AnyEvent) => void;
  #waiting: Delivery[] = [];
  #next = 0;
  #isArmed = false;
  /** Counts on when the queue was empty for a moment: replies that lead to questions would renew it for ever. */
  #spent = 0;

  constructor(deliver: (process: Process, event: AnyEvent) => void) {
    this.#deliver = deliver;
  }

  push(process: Process, event: AnyEvent): void {
    process.queued += 1;
    this.#waiting.push({ process, event });
    if (this.#isArmed) return;
    this.#isArmed = true;
    queueMicrotask(this.#drain);
  }

  readonly #drain = (): void => {
    for (; this.#spent < BUDGET; this.#spent += 1) {
      const delivery = this.#waiting[this.#next];
      if (delivery === undefined) return this.#rest();
      this.#next += 1;
      delivery.process.queued -= 1;
      if (delivery.process.status !== 'exited') this.#deliver(delivery.process, delivery.event);
    }
    this.#spent = 0;
    this.#forgetDelivered();
    setImmediate(this.#drain);
  };

  #rest(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#isArmed = false;
  }

  #forgetDelivered(): void {
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}
