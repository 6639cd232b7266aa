/** Who goes first: a person who waits, a person's call that failed once, documents. */
export type CallPriority = 'live' | 'retry' | 'ingest';

export interface Queued {
  readonly priority: CallPriority;
  /** Who shares with the others of the same priority: a session, a tenant, a job. */
  readonly owner: string;
}

/** Which share of the turns a priority has at least while higher ones wait too: one in five, one in twenty. */
const MAX_PASSED_OVER: Readonly<Record<CallPriority, number>> = { live: Infinity, retry: 4, ingest: 19 };

class Line<Item extends Queued> {
  readonly maxPassedOver: number;
  passedOver = 0;
  size = 0;
  /** In the order of their next turns. */
  readonly owners = new Map<string, Set<Item>>();

  constructor(priority: CallPriority) {
    this.maxPassedOver = MAX_PASSED_OVER[priority];
  }

  add(item: Item): void {
    const items = this.owners.get(item.owner);
    if (items === undefined) this.owners.set(item.owner, new Set([item]));
    else items.add(item);
    this.size += 1;
  }

  delete(item: Item): boolean {
    const items = this.owners.get(item.owner);
    if (items?.delete(item) !== true) return false;
    if (items.size === 0) this.owners.delete(item.owner);
    this.size -= 1;
    return true;
  }

  take(): Item | undefined {
    for (const [owner, items] of this.owners) {
      for (const item of items) {
        this.delete(item);
        if (items.size > 0) {
          this.owners.delete(owner);
          this.owners.set(owner, items);
        }
        return item;
      }
    }
    return undefined;
  }

  *inOrder(): Iterable<Item> {
    let round = [...this.owners.values()].map((items) => items.values());
    while (round.length > 0) {
      const next: typeof round = [];
      for (const items of round) {
        const { done, value } = items.next();
        if (done === true) continue;
        yield value;
        next.push(items);
      }
      round = next;
    }
  }
}

/**
 * Those who wait, by priority; within a priority the owners take turns, and an owner's own go first come, first served.
 * A lower priority gets a small share of the turns, so that it never starves.
 */
export class FairQueue<Item extends Queued> {
  readonly #lines: Readonly<Record<CallPriority, Line<Item>>> = { live: new Line('live'), retry: new Line('retry'), ingest: new Line('ingest') };
  readonly #byPriority: readonly Line<Item>[] = [this.#lines.live, this.#lines.retry, this.#lines.ingest];

  get size(): number {
    return this.#lines.live.size + this.#lines.retry.size + this.#lines.ingest.size;
  }

  sizeOf(priority: CallPriority): number {
    return this.#lines[priority].size;
  }

  add(item: Item): void {
    this.#lines[item.priority].add(item);
  }

  delete(item: Item): boolean {
    return this.#lines[item.priority].delete(item);
  }

  /** Whose turn it is. */
  take(): Item | undefined {
    const waiting = this.#byPriority.filter((line) => line.size > 0);
    const line = waiting.find(({ passedOver, maxPassedOver }) => passedOver >= maxPassedOver) ?? waiting[0];
    if (line === undefined) return undefined;
    for (const lower of waiting.slice(waiting.indexOf(line) + 1)) lower.passedOver += 1;
    line.passedOver = 0;
    return line.take();
  }

  /** The order of the turns as it stands, without the small shares of the lower priorities. */
  *inOrder(): Iterable<Item> {
    for (const line of this.#byPriority) yield* line.inOrder();
  }
}
