import { stringifyWithSources } from '#src/answer-json.ts';
import type { LoggedFrame } from '#src/ports/frame.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { FrameListener, OpenTurn } from './frame-log.ts';
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
    for (const { json, seq } of kept) this.#note(JSON.parse(json) as LoggedFrame, seq);
  }

  /** The record of the next frame, or undefined when its turn cannot take it. */
  next(frame: LoggedFrame): FrameRecord | undefined {
    if (!this.#note(frame, this.lastSeq + 1)) return undefined;
    this.lastSeq += 1;
    const { type, turn } = frame;
    return { session: this.session, seq: this.lastSeq, type, turn, json: toJson(frame, this.lastSeq) };
  }

  #note(frame: LoggedFrame, seq: number): boolean {
    const open = this.#open.get(frame.turn);
    if (frame.type === 'accepted') {
      if (open !== undefined) return false;
      this.#open.set(frame.turn, new TurnProtocol(frame.turn, seq));
      return true;
    }
    if (open === undefined || !open.take(frame)) return false;
    if (isEnd(frame.type)) this.#open.delete(frame.turn);
    return true;
  }

  openTurn(turn: string): OpenTurn | undefined {
    return this.#open.get(turn);
  }

  openTurns(): readonly OpenTurn[] {
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

/** Nearly all frames are deltas: they are put together by hand. */
function toJson(frame: LoggedFrame, seq: number): string {
  if (frame.type === 'answer-delta') return `{"type":"answer-delta","turn":${JSON.stringify(frame.turn)},"text":${JSON.stringify(frame.text)},"seq":${seq}}`;
  return withSeq('sources' in frame ? stringifyWithSources(frame) : JSON.stringify(frame), seq);
}

/** Every logged frame is a JSON object with fields, so its `seq` can be put at its end. */
function withSeq(json: string, seq: number): string {
  return `${json.slice(0, -1)},"seq":${seq}}`;
}
