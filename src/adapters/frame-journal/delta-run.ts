import type { FrameRecord } from '#src/ports/frame-journal.ts';
import { GrowingText } from '#src/rag/growing-text.ts';

/** What a run costs beside its text, and each of its deltas. Measured with deltas of 8 characters. */
const RUN_BYTES = 400;
const DELTA_BYTES = 8;

/** As it is written to disk, where it stands for all of its deltas. */
export interface WrittenRun {
  readonly turn: string;
  readonly from: number;
  readonly text: string;
  /** Of each delta, in UTF-16 units. */
  readonly lengths: readonly number[];
}

/** Deltas of one turn whose numbers follow each other, kept as one text that can be cut between any two of them. */
export class DeltaRun {
  readonly type = 'answer-delta';
  readonly turn: string;
  readonly from: number;
  readonly #lengths: number[];
  readonly #text: GrowingText;

  constructor({ turn, from, text, lengths }: WrittenRun) {
    this.turn = turn;
    this.from = from;
    this.#text = new GrowingText(text);
    this.#lengths = [...lengths];
  }

  /** The number of its last delta. */
  get seq(): number {
    return this.from + this.#lengths.length - 1;
  }

  get text(): string {
    return this.#text.toString();
  }

  get bytes(): number {
    return RUN_BYTES + DELTA_BYTES * this.#lengths.length + this.#text.units;
  }

  /** Takes the delta whose number is the next. Answers with the bytes that it costs. */
  append(text: string): number {
    this.#lengths.push(text.length);
    this.#text.append(text);
    return DELTA_BYTES + text.length;
  }

  /** As one frame, the deltas after this number. */
  record(session: string, after: number): FrameRecord {
    const { turn, seq } = this;
    const known = Math.max(0, after - this.from + 1);
    const from = this.from + known;
    const start = this.#lengths.slice(0, known).reduce((sum, length) => sum + length, 0);
    const text = this.text.slice(start);
    const begin = `{"type":"answer-delta","turn":${JSON.stringify(turn)},"text":${JSON.stringify(text)}`;
    if (from === seq) return { session, seq, type: this.type, turn, text, json: `${begin},"seq":${seq}}` };
    return { session, seq, from, type: this.type, turn, text, json: `${begin},"from":${from},"seq":${seq}}` };
  }

  written(): WrittenRun {
    return { turn: this.turn, from: this.from, text: this.text, lengths: this.#lengths };
  }
}
