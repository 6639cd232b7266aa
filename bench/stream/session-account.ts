import { readDueTimes } from './delta.ts';

/** What one session has received, counted by the numbers of its frames. */
export class SessionAccount {
  /** Milliseconds from when a delta was due to its arrival, of all deltas. */
  readonly #delaysMs: number[];
  #lastSeq = 0;
  #frames = 0;
  #deltas = 0;
  lost = 0;
  repeated = 0;
  hasEnded = false;

  constructor(delaysMs: number[]) {
    this.#delaysMs = delaysMs;
  }

  get frames(): number {
    return this.#frames;
  }

  get deltas(): number {
    return this.#deltas;
  }

  /** Takes a frame as it came. Frames without a number are not of the log. */
  receive(json: string, nowMs: number): void {
    const seq = seqOf(json);
    if (seq === undefined) return;
    this.#frames += 1;
    this.#count(json, seq);
    if (json.startsWith('{"type":"answer-delta"')) this.#measure(json, nowMs);
    else if (json.startsWith('{"type":"answer-end"')) this.hasEnded = true;
    else if (json.startsWith('{"type":"answer-error"')) throw new Error(`an answer failed: ${json}`);
  }

  /** A frame may stand for several, from `from` on. */
  #count(json: string, seq: number): void {
    const first = Number(/"from":(\d+)/.exec(json.slice(-60))?.[1] ?? seq);
    if (first <= this.#lastSeq) this.repeated += 1;
    this.lost += Math.max(0, first - this.#lastSeq - 1);
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  #measure(json: string, nowMs: number): void {
    readDueTimes(json, (dueMs) => {
      this.#deltas += 1;
      this.#delaysMs.push(nowMs - dueMs);
    });
  }
}

/** The number is the last field of a logged frame. */
function seqOf(json: string): number | undefined {
  const at = json.lastIndexOf('"seq":');
  return at === -1 ? undefined : Number.parseInt(json.slice(at + 6), 10);
}
