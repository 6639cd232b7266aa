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

  /** @param kept what the journal holds of the session, from which the rest follows */
  constructor(session: string, kept: readonly FrameRecord[], lastSeq: number) {
    this.session = session;
    this.lastSeq = lastSeq;
    for (const { type, turn, seq } of kept) this.#take(type as LoggedFrame['type'], turn, seq);
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
