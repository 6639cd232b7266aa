import { stringifyWithSources } from '#src/answer-json.ts';
import type { LoggedFrame } from '#src/ports/frame.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { FrameListener } from './frame-log.ts';
import { isEnd, TurnProtocol } from './turn-protocol.ts';

/** The hot end of one session's log: its last number, its open turns, who listens. */
export class SessionFrames {
  readonly session: string;
  readonly listeners = new Set<FrameListener>();
  readonly #open = new Map<string, TurnProtocol>();
  lastSeq: number;
  /** Logged and not yet given to the listeners. */
  unsent: FrameRecord[] = [];
  /** Where the turns are: JSON that is not logged, each behind the first `behind` of what is unsent. */
  #statuses: { readonly behind: number; readonly json: string }[] = [];

  /** @param kept what the journal holds of the session, from which the rest follows */
  constructor(session: string, kept: readonly FrameRecord[], lastSeq: number) {
    this.session = session;
    this.lastSeq = lastSeq;
    for (const { type, turn, seq } of kept) this.#take(type as LoggedFrame['type'], turn, seq);
  }

  /** Tells the listeners a status, behind what was logged before it. */
  tell(json: string): void {
    if (this.unsent.length > 0) this.#statuses.push({ behind: this.unsent.length, json });
    else for (const listener of this.listeners) listener.status(json);
  }

  /** Gives the listeners what they have not had. */
  send(): void {
    const [records, statuses] = [this.unsent, this.#statuses];
    this.unsent = [];
    this.#statuses = [];
    let sent = 0;
    for (const { behind, json } of statuses) {
      this.#give(records.slice(sent, behind));
      for (const listener of this.listeners) listener.status(json);
      sent = behind;
    }
    this.#give(sent === 0 ? records : records.slice(sent));
  }

  #give(records: readonly FrameRecord[]): void {
    if (records.length > 0) for (const listener of this.listeners) listener.frames(records);
  }

  /** The record of the next frame, or undefined when its turn cannot take it. */
  next(frame: LoggedFrame): FrameRecord | undefined {
    const { type, turn } = frame;
    const seq = this.lastSeq + 1;
    const protocol = this.#take(type, turn, seq);
    if (protocol === undefined) return undefined;
    this.lastSeq = seq;
    if (type !== 'answer-delta') return { session: this.session, seq, type, turn, json: toJson(frame, seq), text: undefined };
    // Nearly all frames are deltas: they are put together by hand.
    const json = `${protocol.deltaStart}${JSON.stringify(frame.text)},"seq":${seq}}`;
    return { session: this.session, seq, type, turn, json, text: frame.text };
  }

  /** The turn that has taken this frame. */
  #take(type: LoggedFrame['type'], turn: string, seq: number): TurnProtocol | undefined {
    const open = this.#open.get(turn);
    if (type === 'accepted') {
      if (open !== undefined) return undefined;
      const begun = new TurnProtocol(turn, seq);
      this.#open.set(turn, begun);
      return begun;
    }
    if (open === undefined || !open.take(type)) return undefined;
    if (isEnd(type)) this.#open.delete(turn);
    return open;
  }

  openTurn(turn: string): TurnProtocol | undefined {
    return this.#open.get(turn);
  }

  openTurns(): readonly TurnProtocol[] {
    return [...this.#open.values()];
  }

  /** The number of the `accepted` of the turn that runs: the oldest one without an end. */
  runningSince(): number | undefined {
    const [oldest] = this.#open.values();
    return oldest?.acceptedSeq;
  }

  get isIdle(): boolean {
    return this.listeners.size === 0 && this.#open.size === 0;
  }
}

/** Every logged frame is a JSON object with fields, so its `seq` can be put at its end. */
function toJson(frame: LoggedFrame, seq: number): string {
  const json = 'sources' in frame ? stringifyWithSources(frame) : JSON.stringify(frame);
  return `${json.slice(0, -1)},"seq":${seq}}`;
}
