import { BEYOND_THE_LOG } from './address.ts';

/** What a numbered frame is to a client: the next one, one that it had, or one behind a hole. */
export type Taken = 'fresh' | 'known' | 'gap';

interface Numbered {
  readonly seq?: number;
  readonly from?: number;
}

/** Where a client is in the log of its session. */
export class LogPosition {
  /** The number of the last frame taken; undefined: whatever comes next is in order. */
  #lastSeq: number | undefined;
  /** Where the log was when the client came; undefined once that log is gone. */
  #readySeq: number | undefined;
  #hasBegun = false;
  #isSnapshotDue = false;

  constructor(after: number | undefined) {
    this.#lastSeq = after;
  }

  /** Where to come back to; undefined for who never was there. */
  get after(): number | undefined {
    return this.#lastSeq ?? (this.#hasBegun ? BEYOND_THE_LOG : undefined);
  }

  begin({ last_seq: lastSeq, resumed }: { readonly last_seq: number; readonly resumed: boolean }, isNew: boolean): void {
    this.#hasBegun = true;
    this.#readySeq = lastSeq;
    this.#isSnapshotDue = !resumed && !isNew;
    if (isNew) this.#lastSeq = lastSeq;
    else if (!resumed) this.#lastSeq = undefined;
  }

  /** A snapshot that was not due says that the service lost its log, and its numbers with it. */
  takeSnapshot(): void {
    if (!this.#isSnapshotDue) this.#readySeq = undefined;
    this.#lastSeq = this.#readySeq;
    this.#isSnapshotDue = false;
  }

  /** All that was missed has come. */
  caughtUp(): void {
    this.#lastSeq ??= this.#readySeq;
  }

  take({ seq, from = seq }: Numbered): Taken {
    if (seq === undefined || from === undefined) return 'known';
    if (this.#lastSeq !== undefined) {
      if (seq <= this.#lastSeq) return 'known';
      if (from > this.#lastSeq + 1) return 'gap';
      if (from <= this.#lastSeq) return this.#tear();
    }
    this.#lastSeq = seq;
    return 'fresh';
  }

  /** Gives the numbers up: only a snapshot tells where the session is. */
  forget(): void {
    this.#lastSeq = undefined;
  }

  /** Of a delta that stands for several the first are known, and nothing tells where in it the new ones begin. */
  #tear(): Taken {
    this.forget();
    return 'gap';
  }
}
