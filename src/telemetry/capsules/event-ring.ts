/** One thing that happened to an actor. */
export interface RecordedEvent {
  /** ISO, UTC. */
  readonly at: string;
  readonly event: string;
  readonly [detail: string]: unknown;
}

interface Entry {
  readonly atMs: number;
  readonly event: string;
  readonly details: object | undefined;
}

const MAX_EVENTS = 32;

/** The last 32 events of one actor. It costs nothing until the first. */
export class EventRing {
  readonly #wallTime: () => number;
  #entries: Entry[] | undefined;
  #next = 0;

  /** @param wallTime milliseconds since the epoch */
  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  add(event: string, details?: object): void {
    this.#entries ??= [];
    this.#entries[this.#next % MAX_EVENTS] = { atMs: this.#wallTime(), event, details };
    this.#next += 1;
  }

  /** Oldest first. */
  list(): readonly RecordedEvent[] {
    const entries = this.#entries ?? [];
    const oldest = this.#next > MAX_EVENTS ? this.#next % MAX_EVENTS : 0;
    const inOrder = [...entries.slice(oldest), ...entries.slice(0, oldest)];
    return inOrder.map(({ atMs, event, details }) => ({ ...details, at: new Date(atMs).toISOString(), event }));
  }
}
