import type { Metadata } from '#src/ports/answer.ts';

interface Label {
  readonly json: string;
  readonly metadata: Metadata;
  uses: number;
}

/** The metadata of a space's vectors, each held once, since all chunks of a document have the same. */
export class Labels {
  readonly #labels = new Map<number, Label>();
  readonly #keyOf = new Map<string, number>();
  #lastKey = 0;

  /** Returns the key of this metadata, which is counted as used once more. */
  use(json: string): number {
    const known = this.#keyOf.get(json);
    const label = known === undefined ? undefined : this.#labels.get(known);
    if (known !== undefined && label !== undefined) {
      label.uses += 1;
      return known;
    }
    this.#lastKey += 1;
    this.#labels.set(this.#lastKey, { json, metadata: JSON.parse(json) as Metadata, uses: 1 });
    this.#keyOf.set(json, this.#lastKey);
    return this.#lastKey;
  }

  release(key: number): void {
    const label = this.#labels.get(key);
    if (label === undefined) return;
    label.uses -= 1;
    if (label.uses > 0) return;
    this.#labels.delete(key);
    this.#keyOf.delete(label.json);
  }

  /** The keys of all metadata that hold every entry of the filter. */
  matching(filter: Metadata): ReadonlySet<number> {
    const wanted = Object.entries(filter);
    const keys = new Set<number>();
    for (const [key, { metadata }] of this.#labels) {
      if (wanted.every(([name, value]) => Object.hasOwn(metadata, name) && metadata[name] === value)) keys.add(key);
    }
    return keys;
  }
}

/** The same text for equal metadata, in whatever order it came. */
export function toJson(metadata: Metadata): string {
  return JSON.stringify(Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
