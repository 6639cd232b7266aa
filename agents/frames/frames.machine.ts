import { fromTransition } from 'xstate';
import type { Clock } from '#src/ports/clock.ts';
import type { LoggedFrame, StatusFrame } from '#src/ports/frame.ts';
import type { FrameJournal, FrameRecord } from '#src/ports/frame-journal.ts';
import type { FrameListener, FrameLog, Subscription } from './frame-log.ts';
import { SessionFrames } from './session-frames.ts';

/**
 * Has one state: numbers, writes and sends. Frames do not travel as events, they come through the log that this actor
 * owns (`FrameLog`): written to the journal once per turn of the event loop, before any listener
 * gets them.
 */
export const framesLogic = fromTransition(
  (log: Frames) => log,
  ({ input }: { input: FramesInput }) => new Frames(input),
);

export interface FramesInput {
  readonly journal: FrameJournal;
  readonly clock: Clock;
  readonly onLateDelta: () => void;
}

/** Sent frames in one turn of the event loop. A write to a socket takes 5 to 10 µs (bench `stream`): two milliseconds. */
const SESSIONS_PER_TURN = 250;

export class Frames implements FrameLog {
  readonly #journal: FrameJournal;
  readonly #clock: Clock;
  readonly #onLateDelta: () => void;
  readonly #sessions = new Map<string, SessionFrames>();
  /** Sessions that have frames to be sent. */
  readonly #waiting: SessionFrames[] = [];
  #isScheduled = false;

  constructor({ journal, clock, onLateDelta }: FramesInput) {
    this.#journal = journal;
    this.#clock = clock;
    this.#onLateDelta = onLateDelta;
  }

  begin(session: string): void {
    if (this.#journal.lastSeq(session) === 0) this.#sessions.set(session, new SessionFrames(session, [], 0));
  }

  append(session: string, frame: LoggedFrame): number | undefined {
    const frames = this.#of(session);
    const record = frames.next(frame);
    if (record === undefined) {
      if (frame.type === 'answer-delta') this.#onLateDelta();
      return undefined;
    }
    if (frame.type === 'accepted') this.#sessions.set(session, frames);
    this.#journal.append(record);
    if (frames.unsent.push(record) === 1) {
      this.#waiting.push(frames);
      this.#schedule();
    }
    // A provider's words come many at a time: its first ones are not held until all of them are worked on.
    if (frame.type === 'answer-start') queueMicrotask(() => this.#flush());
    return record.seq;
  }

  publish(session: string, frame: StatusFrame): void {
    const frames = this.#sessions.get(session);
    if (frames !== undefined && frames.listeners.size > 0) frames.tell(JSON.stringify(frame));
  }

  sentText(session: string, turn: string): string {
    return this.#of(session).openTurn(turn) === undefined ? '' : this.#journal.textOf(session, turn);
  }

  sentSources(session: string, turn: string): ReturnType<FrameLog['sentSources']> {
    const open = this.#of(session).openTurn(turn);
    if (open?.hasSources !== true) return undefined;
    const sent = this.#journal.read(session, open.acceptedSeq).find((record) => record.type === 'sources' && record.turn === turn);
    return sent && (JSON.parse(sent.json) as Extract<LoggedFrame, { type: 'sources' }>).sources;
  }

  sentError(session: string, turn: string): ReturnType<FrameLog['sentError']> {
    if (this.#of(session).openTurn(turn) !== undefined) return undefined;
    const sent = this.#journal.read(session, 0).findLast((record) => record.type === 'answer-error' && record.turn === turn);
    return sent && (JSON.parse(sent.json) as Extract<LoggedFrame, { type: 'answer-error' }>).error;
  }

  openTurns(session: string): readonly string[] {
    return this.#of(session).openTurns().map(({ turn }) => turn);
  }

  openSessions(): readonly string[] {
    return this.#journal.openSessions();
  }

  subscribe(session: string, after: number | undefined, listener: FrameListener): Subscription {
    this.#flush();
    const frames = this.#of(session);
    frames.listeners.add(listener);
    this.#sessions.set(session, frames);
    const start = after ?? this.#beginning(frames);
    const missed = this.#journal.read(session, start);
    const isResumed = start === frames.lastSeq || firstSeq(missed) === start + 1;
    return {
      lastSeq: frames.lastSeq,
      missed: isResumed ? missed : [],
      isResumed,
      unsubscribe: () => {
        frames.listeners.delete(listener);
        this.#release(frames);
      },
    };
  }

  hasListeners(session: string): boolean {
    return (this.#sessions.get(session)?.listeners.size ?? 0) > 0;
  }

  forget(session: string): void {
    this.#flush();
    this.#sessions.delete(session);
    this.#journal.forget(session);
  }

  #beginning(frames: SessionFrames): number {
    const running = frames.runningSince();
    return running === undefined ? frames.lastSeq : running - 1;
  }

  #of(session: string): SessionFrames {
    const known = this.#sessions.get(session);
    if (known !== undefined) return known;
    const lastSeq = this.#journal.lastSeq(session);
    const frames = new SessionFrames(session, this.#journal.read(session, 0), lastSeq === 0 ? this.#clock.wallTime() : lastSeq);
    if (!frames.isIdle) this.#sessions.set(session, frames);
    return frames;
  }

  /** A session that nobody listens to and that has no open turn is remembered by the journal alone. */
  #release(frames: SessionFrames): void {
    if (frames.isIdle && this.#sessions.get(frames.session) === frames) this.#sessions.delete(frames.session);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#sendSome);
  }

  /** The rest waits until the loop has looked after everybody else. */
  readonly #sendSome = (): void => {
    this.#isScheduled = false;
    try {
      this.#flush(SESSIONS_PER_TURN);
    } finally {
      this.#schedule();
    }
  };

  #flush(sessions = Infinity): void {
    if (this.#waiting.length === 0) return;
    this.#journal.flush();
    for (const frames of this.#waiting.splice(0, sessions)) {
      frames.send();
      this.#release(frames);
    }
  }
}

function firstSeq([first]: readonly FrameRecord[]): number | undefined {
  return first?.from ?? first?.seq;
}
