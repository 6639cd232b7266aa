import type { Source } from './ports/answer.ts';

interface WrittenSources {
  readonly json: string;
  readonly bytes: Buffer;
}

interface WithSources {
  readonly sources: readonly Source[];
}

/** The same sources go into the log, the store and every reply of a kept answer; they are most of its bytes. */
const written = new WeakMap<readonly Source[], WrittenSources>();

/** JSON.stringify for an object with `sources` and at least one other field; each list of sources is written once. */
export function stringifyWithSources<T extends WithSources>({ sources, ...rest }: T): string {
  return `${JSON.stringify(rest).slice(0, -1)},"sources":${write(sources).json}}`;
}

/** The same in UTF-8. */
export function encodeWithSources<T extends WithSources>({ sources, ...rest }: T): Buffer {
  const { bytes } = write(sources);
  return Buffer.concat([Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"sources":`), bytes, CLOSING_BRACE]);
}

const CLOSING_BRACE = Buffer.from('}');

function write(sources: readonly Source[]): WrittenSources {
  const known = written.get(sources);
  if (known !== undefined) return known;
  const json = JSON.stringify(sources);
  const made = { json, bytes: Buffer.from(json) };
  written.set(sources, made);
  return made;
}
