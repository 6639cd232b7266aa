import type { DeleteReply, VectorsWrite } from './events.ts';
import { toJson } from './labels.ts';
import type { Change } from './space.ts';
import { checkDirection, refusal, toHalfFloats } from './values.ts';
import type { SpaceRow, VectorTable } from './vector-table.ts';

/** A write, for the memory to follow it once it is committed. */
export interface Applied {
  readonly space: SpaceRow | undefined;
  readonly change: Change;
  readonly answer: DeleteReply | null;
}

type Upsert = Extract<VectorsWrite, { type: 'upsert-vectors' }>;
type Delete = Extract<VectorsWrite, { type: 'delete-vectors' }>;

/** What the port promises; an id of the service itself has 60. */
const MAX_ID_LENGTH = 512;
const ASCII_ID = /^[\x20-\x7e]+$/;
/** Takes some 100 ms; whoever deletes more asks again. */
const MAX_REMOVED = 4096;
const NOTHING: Change = { removed: [], added: [] };

/** Changes `vectors.db` inside the transaction that is open. */
export class VectorWriter {
  readonly #table: VectorTable;

  constructor(table: VectorTable) {
    this.#table = table;
  }

  /** Throws `INVALID_REQUEST`. */
  apply(event: VectorsWrite): Applied {
    return event.type === 'upsert-vectors' ? this.#upsert(event) : this.#delete(event);
  }

  #upsert({ space: key, records, dimension, values }: Upsert): Applied {
    if (records.length === 0) return { space: undefined, change: NOTHING, answer: null };
    const space = this.#boundSpace(key, dimension);
    const removed: number[] = [];
    const added = new Map<string, Change['added'][number]>();
    for (const [index, { id, metadata }] of records.entries()) {
      checkId(id);
      const vector = values.subarray(index * dimension, (index + 1) * dimension);
      checkDirection(id, vector, space.dimension);
      const before = this.#table.remove(space.number, id);
      if (before !== undefined) removed.push(before);
      const stored = { id, halfFloats: toHalfFloats(vector), metadata: toJson(metadata) };
      added.set(id, { number: this.#table.add(space.number, stored), halfFloats: stored.halfFloats, metadata: stored.metadata });
    }
    return { space, change: { removed, added: [...added.values()] }, answer: null };
  }

  /** A space has one dimension for as long as it holds a vector. */
  #boundSpace(key: Upsert['space'], dimension: number): SpaceRow {
    const space = this.#table.space(key);
    if (space?.dimension === dimension) return space;
    if (space !== undefined && this.#table.count(space.number) > 0) {
      throw refusal(`vectors of collection ${key.collection} by ${key.model}`, `${space.dimension} dimensions`, `${dimension}`);
    }
    return this.#table.addSpace(key, dimension);
  }

  #delete({ space: key, prefix }: Delete): Applied {
    const space = this.#table.space(key);
    if (space === undefined) return { space, change: NOTHING, answer: { removed: 0, isDone: true } };
    const removed = this.#table.removeByPrefix(space.number, prefix, MAX_REMOVED);
    return { space, change: { removed, added: [] }, answer: { removed: removed.length, isDone: removed.length < MAX_REMOVED } };
  }
}

function checkId(id: string): void {
  if (id.length <= MAX_ID_LENGTH && ASCII_ID.test(id)) return;
  throw refusal('the id of a vector', `1 to ${MAX_ID_LENGTH} characters of ASCII`, `${id.length}: ${id.slice(0, 60)}`);
}
