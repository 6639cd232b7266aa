import type { Source } from './ports/answer.ts';

/** The same sources go into the log, the store and every reply of a kept answer; they are most of its bytes. */
const sourcesJson = new WeakMap<readonly Source[], string>();

/** JSON.stringify for an object with `sources` and at least one other field; each list of sources is written once. */
export function stringifyWithSources({ sources, ...rest }: { readonly sources: readonly Source[] }): string {
  return `${JSON.stringify(rest).slice(0, -1)},"sources":${jsonOf(sources)}}`;
}

function jsonOf(sources: readonly Source[]): string {
  const known = sourcesJson.get(sources);
  if (known !== undefined) return known;
  const json = JSON.stringify(sources);
  sourcesJson.set(sources, json);
  return json;
}
