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

/** JSON of a kept answer with the fields of one asker, in UTF-8; the answer, nearly all of it, is written once. */
export function encodeKeptAnswer(answer: Answer, own: Readonly<Record<string, unknown>>): Buffer {
  const head = JSON.stringify(own);
  const tail = writeAnswer(answer);
  const length = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafe(length + tail.length);
  bytes.write(head);
  tail.copy(bytes, length);
  bytes[length - 1] = COMMA;
  return bytes;
}

const COMMA = 0x2c;

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
