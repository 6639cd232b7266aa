import type { FrameListener, FrameLog, Subscription } from '#agents/frames/frames.agent.ts';
import { FRAMES, whenFrameLog } from '#agents/frames/frames.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';

export interface FeedReader {
  /** Logged frames in order, each once. */
  frames(records: readonly FrameRecord[]): void;
  status(json: string): void;
  /**
   * What came after the last frame is not kept any more: the reader shows where the session is instead. `missed` is what
   * the log still has of turns without an end; frames that follow come after it.
   */
  gap(missed: readonly FrameRecord[]): void;
}

/**
 * One reader's view of a session's frame log that outlives the process `frames`: when that dies, the feed subscribes at
 * its next incarnation after the last frame that it had. So there is no gap and no frame comes twice.
 */
export class FrameFeed implements FrameListener {
  readonly #kernel: Kernel;
  readonly #session: string;
  readonly #reader: FeedReader;
  #subscription: Subscription | undefined;
  #unwatch: () => void = () => undefined;
  #lastSeq = 0;
  #isClosed = false;

  constructor(kernel: Kernel, session: string, reader: FeedReader) {
    this.#kernel = kernel;
    this.#session = session;
    this.#reader = reader;
  }

  /** The number of the last frame that the reader got. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Subscribes to a session that has just been made: its numbers begin at 1. Rejects as `open` does. */
  async begin(): Promise<Subscription> {
    const log = await whenFrameLog(this.#kernel);
    log.begin(this.#session);
    return this.#subscribe(log, undefined);
  }

  /**
   * Subscribes. What was missed is in the answer and not given to the reader; where the log cannot be resumed, that is
   * the frames of turns without an end. Rejects with ACTOR_DOWN when the log does not come up.
   */
  async open(after: number | undefined): Promise<Subscription> {
    return this.#subscribe(await whenFrameLog(this.#kernel), after);
  }

  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    this.#subscription?.unsubscribe();
  }

  frames(records: readonly FrameRecord[]): void {
    const isOverlapping = (records[0]?.seq ?? 0) <= this.#lastSeq;
    const fresh = isOverlapping ? records.filter(({ seq }) => seq > this.#lastSeq) : records;
    const last = fresh.at(-1);
    if (last === undefined || this.#isClosed) return;
    this.#lastSeq = last.seq;
    this.#reader.frames(fresh);
  }

  status(json: string): void {
    if (!this.#isClosed) this.#reader.status(json);
  }

  #subscribe(log: FrameLog, after: number | undefined): Subscription {
    const wanted = log.subscribe(this.#session, after, this);
    const subscription = wanted.isResumed ? wanted : this.#restart(log, wanted);
    this.#subscription = subscription;
    this.#lastSeq = subscription.lastSeq;
    if (this.#isClosed) subscription.unsubscribe();
    else this.#unwatch = this.#kernel.monitor(FRAMES, () => void this.#resume());
    return subscription;
  }

  #restart(log: FrameLog, refused: Subscription): Subscription {
    refused.unsubscribe();
    return { ...log.subscribe(this.#session, undefined, this), isResumed: false };
  }

  async #resume(): Promise<void> {
    while (!this.#isClosed) {
      const log = await whenFrameLog(this.#kernel).catch(ifServiceError);
      if (log === undefined || this.#isClosed) continue;
      const { missed, isResumed } = this.#subscribe(log, this.#lastSeq);
      if (!isResumed) this.#reader.gap(missed);
      else if (missed.length > 0) this.#reader.frames(missed);
      return;
    }
  }
}

function ifServiceError(error: unknown): undefined {
  if (!(error instanceof ServiceError)) throw error;
  return undefined;
}
