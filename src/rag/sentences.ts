/** Where sentences of prose end. Works on a stretch of one block; offsets are those of the whole text. */

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A stop with the closing quotes, brackets and emphasis after it. */
const STOP = /[.!?…]+["'”’»)\]*_]*|[。！？]+["'”’」』）]*/gu;
const STARTS_SENTENCE = /^\s+(?:["'“‘«([*_`~<@:$\\¿¡-]|\p{Lu}|\p{Lt}|\p{Lo}|\p{N})/u;
const ABBREVIATION =
  /(?:^|[\s("'[*_])(?:e\.g|i\.e|cf|vs|approx|resp|incl|Dr|Mr|Mrs|Ms|Prof|St|Fig|fig|No|no|Nr|Vol|Sec|Eq|al|\p{Lu}|\d{1,2})\.$/u;

/**
 * Cuts `text.slice(start, end)` into sentences without the white space around them. A stop ends a sentence when white
 * space and something that can begin a sentence follow; not after an abbreviation or an initial, and not inside a code span.
 */
export function splitSentences(text: string, start = 0, end = text.length): Span[] {
  const stretch = text.slice(start, end);
  const spans: Span[] = [];
  let from = 0;
  for (const stop of sentenceStops(stretch)) {
    addTrimmed(spans, stretch, from, stop);
    from = stop;
  }
  addTrimmed(spans, stretch, from, stretch.length);
  return spans.map((span) => ({ start: span.start + start, end: span.end + start }));
}

function sentenceStops(stretch: string): number[] {
  const stops: number[] = [];
  const code = codeSpans(stretch);
  let next = 0;
  for (const match of stretch.matchAll(STOP)) {
    const stop = match.index + match[0].length;
    while ((code[next]?.end ?? Infinity) <= match.index) next += 1;
    const isInCode = (code[next]?.start ?? Infinity) < match.index;
    if (!isInCode && endsSentence(stretch, match.index, stop)) stops.push(stop);
  }
  return stops;
}

function endsSentence(stretch: string, index: number, stop: number): boolean {
  if ('。！？'.includes(stretch[index] ?? '')) return true;
  if (!STARTS_SENTENCE.test(stretch.slice(stop, stop + 16))) return false;
  return stretch[index] !== '.' || !ABBREVIATION.test(stretch.slice(Math.max(0, index - 12), index + 1));
}

/** Spans between runs of equally many backticks. */
function codeSpans(stretch: string): Span[] {
  const spans: Span[] = [];
  let opening: RegExpExecArray | undefined;
  for (const run of stretch.matchAll(/`+/g)) {
    if (opening === undefined) opening = run;
    else if (opening[0].length === run[0].length) {
      spans.push({ start: opening.index, end: run.index + run[0].length });
      opening = undefined;
    }
  }
  return spans;
}

function addTrimmed(spans: Span[], stretch: string, from: number, to: number): void {
  let start = from;
  let end = to;
  while (start < end && /\s/.test(stretch[start] ?? '')) start += 1;
  while (end > start && /\s/.test(stretch[end - 1] ?? '')) end -= 1;
  if (end > start) spans.push({ start, end });
}
