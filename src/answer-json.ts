import type { Answer, Source } from './ports/answer.ts';

interface WithSources {
  readonly sources: readonly Source[];
}

/** The same sources go into the log and the store of every turn that found them; they are most of a frame's bytes. */
const sourcesJson = new WeakMap<readonly Source[], string>();
const answerBytes = new WeakMap<Answer, Buffer>();

/** JSON.stringify for an object with `sources` and at least one other field; each list of sources is written once. */
export function stringifyWithSources<T extends WithSources>({ sources, ...rest }: T): string {
  return `${JSON.stringify(rest).slice(0, -1)},"sources":${writeSources(sources)}}`;
}

/** JSON in UTF-8: `head`, then `tail`. */
export interface KeptAnswerJson {
  readonly head: string;
  readonly tail: Buffer;
}

/** JSON of a kept answer, with the fields of one asker before it; the answer, nearly all of it, is written once. */
export function writeKeptAnswer(answer: Answer, own: Readonly<Record<string, unknown>>): KeptAnswerJson {
  return { head: `${JSON.stringify(own).slice(0, -1)},`, tail: writeAnswer(answer) };
}

function writeSources(sources: readonly Source[]): string {
  const known = sourcesJson.get(sources);
  if (known !== undefined) return known;
  const json = JSON.stringify(sources);
  sourcesJson.set(sources, json);
  return json;
}

/** What follows the opening brace. */
function writeAnswer(answer: Answer): Buffer {
  const known = answerBytes.get(answer);
  if (known !== undefined) return known;
  const bytes = Buffer.from(stringifyWithSources(answer).slice(1));
  answerBytes.set(answer, bytes);
  return bytes;
}
