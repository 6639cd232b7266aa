/** 50 a second. */
export const DELTA_INTERVAL_MS = 20;

const MARK = '@';
const DIGITS = 16;
const FILLER = ` and so the answer goes on with word ${MARK}`;
const MICROSECONDS = 1_000_000;

/** The last full second, as text: a long number is dear to write. */
let [second, secondText] = [0, ''];

/** A piece of an answer, some 50 characters, that holds when it was due in milliseconds of the wall clock. */
export function deltaText(dueMs: number): string {
  const dueUs = Math.round(dueMs * 1000);
  const dueSecond = Math.floor(dueUs / MICROSECONDS);
  if (dueSecond !== second) [second, secondText] = [dueSecond, `${FILLER}${dueSecond}`];
  return secondText + String(MICROSECONDS + (dueUs - dueSecond * MICROSECONDS)).slice(1);
}

/** Calls with every due time that a frame's JSON holds; a frame may stand for several deltas. */
export function readDueTimes(json: string, found: (dueMs: number) => void): void {
  for (let at = json.indexOf(MARK); at !== -1; at = json.indexOf(MARK, at + DIGITS)) {
    found(Number(json.slice(at + 1, at + 1 + DIGITS)) / 1000);
  }
}
