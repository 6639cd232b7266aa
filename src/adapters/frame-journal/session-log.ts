import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { WrittenRun } from './delta-run.ts';
import { DeltaRun } from './delta-run.ts';

/** What a frame costs beside its JSON. */
const FRAME_BYTES = 150;
const BYTES_PER_UNIT = 2;

/** What is kept of one session, in order of its numbers and without a gap. */
export class SessionLog {
  readonly session: string;
  lastSeq = 0;
  bytes = 0;
  #entries: (FrameRecord | DeltaRun)[] = [];
  /** The turns without an end, and where each began; the oldest comes first. */
  readonly #open = new Map<string, number>();

  constructor(session: string) {
    this.session = session;
  }

  get hasOpenTurns(): boolean {
    return this.#open.size > 0;
  }

  /** Where its oldest turn without an end began. */
  get openSince(): number | undefined {
    return this.#open.values().next().value;
  }

  /** Takes the next frame. @param place where it is written, in an order that the caller knows */
  append(record: FrameRecord, place: number): void {
    const { turn, seq, text } = record;
    this.lastSeq = seq;
    if (text !== undefined) {
      const last = this.#entries.at(-1);
      if (last instanceof DeltaRun && last.turn === turn) this.bytes += last.append(text);
      else this.#add(new DeltaRun({ turn, from: seq, text, lengths: [text.length] }));
      return;
    }
    if (record.type === 'accepted') this.#open.set(turn, place);
    else if (record.type === 'answer-end' || record.type === 'answer-error') this.#open.delete(turn);
    this.#add(record);
  }

  /** Takes deltas that follow the last number, as they were written before. */
  appendRun(run: WrittenRun): void {
    const added = new DeltaRun(run);
    this.lastSeq = added.seq;
    this.#add(added);
  }

  read(after: number): readonly FrameRecord[] {
    const first = this.#entries.findIndex(({ seq }) => seq > after);
    if (first === -1) return [];
    return this.#entries.slice(first).map((entry) => (entry instanceof DeltaRun ? entry.record(this.session, after) : entry));
  }

  textOf(turn: string): string {
    return this.#entries.map((entry) => (entry.turn === turn ? (entry.text ?? '') : '')).join('');
  }

  /** From the oldest turn without an end on, which is written once more at this place: what a process that comes after this one has to know. */
  moveOpen(place: number): readonly (FrameRecord | DeltaRun)[] {
    for (const turn of this.#open.keys()) this.#open.set(turn, place);
    const first = this.#entries.findIndex(({ turn }) => this.#open.has(turn));
    return first === -1 ? [] : this.#entries.slice(first);
  }

  /** Drops the oldest turn, and whatever came before its end; false when a turn that has not ended began there. */
  dropOldestTurn(): boolean {
    const oldest = this.#entries[0]?.turn;
    if (oldest === undefined || this.#open.has(oldest)) return false;
    const dropped = this.#entries.findLastIndex(({ turn }) => turn === oldest) + 1;
    if (dropped === this.#entries.length || this.#entries.slice(0, dropped).some(({ turn }) => this.#open.has(turn))) return false;
    for (const entry of this.#entries.slice(0, dropped)) this.bytes -= bytesOf(entry);
    this.#entries = this.#entries.slice(dropped);
    return true;
  }

  #add(entry: FrameRecord | DeltaRun): void {
    this.#entries.push(entry);
    this.bytes += bytesOf(entry);
  }
}

function bytesOf(entry: FrameRecord | DeltaRun): number {
  return entry instanceof DeltaRun ? entry.bytes : FRAME_BYTES + BYTES_PER_UNIT * entry.json.length;
}
