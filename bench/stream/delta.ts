/** 50 a second. */
export const DELTA_INTERVAL_MS = 20;

const MARK = '@';
const DIGITS = 16;
const FILLER = ' and so the answer goes on with word ';

/** A piece of an answer, some 50 characters, that holds when it was due in milliseconds of the wall clock. */
export function deltaText(dueMs: number): string {
  return `${FILLER}${MARK}${Math.round(dueMs * 1000).toString().padStart(DIGITS, '0')}`;
}

/** Calls with every due time that a frame's JSON holds; a frame may stand for several deltas. */
export function readDueTimes(json: string, found: (dueMs: number) => void): void {
  for (let at = json.indexOf(MARK); at !== -1; at = json.indexOf(MARK, at + DIGITS)) {
    found(Number(json.slice(at + 1, at + 1 + DIGITS)) / 1000);
  }
}
