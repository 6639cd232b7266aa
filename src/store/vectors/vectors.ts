import type { DatabaseSync } from 'node:sqlite';
import type { WorkerRequest } from '#supervisors/kernel/handles/worker-endpoint.ts';
import { commitTogether } from '../group-commit.ts';
import { toStoreError } from '../sqlite-error.ts';
import { pathOf } from '../sqlite.ts';
import type { VectorHit, VectorsEvent, VectorsRead, VectorsStatus, VectorsWorkerInput, VectorsWrite } from './events.ts';
import { GraphBuilds } from './graph-builds.ts';
import { removeStrays } from './graph-files.ts';
import type { UpkeepParts } from './graph-upkeep.ts';
import { LazyNative } from './native.ts';
import type { Change } from './space.ts';
import { Space } from './space.ts';
import { checkDirection } from './values.ts';
import type { SpaceRow } from './vector-table.ts';
import { VectorTable } from './vector-table.ts';
import type { Applied } from './vector-writer.ts';
import { VectorWriter } from './vector-writer.ts';

const GRAPH_FROM = 20_000;
/** More than any answer shows. */
const MAX_TOP_K = 10_000;

/** All spaces of `vectors.db`: writes it, and answers from what it holds of it in memory. */
export class Vectors {
  readonly #database: DatabaseSync;
  readonly #table: VectorTable;
  readonly #writer: VectorWriter;
  readonly #parts: UpkeepParts;
  readonly #spaces = new Map<number, Space>();
  #lastQuery: Promise<unknown> = Promise.resolve();

  constructor(database: DatabaseSync, { directory, graphFrom = GRAPH_FROM, isNativeOff = false }: VectorsWorkerInput) {
    this.#database = database;
    this.#table = new VectorTable(database);
    this.#writer = new VectorWriter(this.#table);
    const native = new LazyNative(isNativeOff);
    this.#parts = { directory, databasePath: pathOf(database), table: this.#table, native, builds: new GraphBuilds(), graphFrom };
    removeStrays(directory, this.#table.graphFileNames());
  }

  /** Reads all spaces into memory, one after the other. A query reads its own at once. */
  async load(): Promise<void> {
    // A space that cannot be read fails its own queries.
    for (const row of this.#table.spaces()) await this.#space(row).load().catch(() => undefined);
  }

  /** Everything written is on disk, and in memory, before its reply. */
  handle(requests: readonly WorkerRequest<VectorsEvent>[]): void {
    const writes = requests.filter(isWrite).map((request) => this.#applying(request));
    if (writes.length > 0) commitTogether(this.#database, writes, (event) => this.#writer.apply(event));
    for (const request of requests) if (!isWrite(request)) void this.#read(request as WorkerRequest<VectorsRead>);
  }

  close(): void {
    this.#parts.builds.close();
    for (const space of this.#spaces.values()) space.close();
    this.#database.close();
  }

  #applying({ event, reply, fail }: WorkerRequest<VectorsWrite>): WorkerRequest<VectorsWrite> {
    return {
      event,
      fail,
      reply: (value) => {
        const { space, change, answer } = value as Applied;
        if (space !== undefined) this.#follow(this.#space(space), change);
        reply(answer);
      },
    };
  }

  #follow(space: Space, change: Change): void {
    space.apply(change);
    space.load().catch(() => undefined);
  }

  async #read({ event, reply, fail }: WorkerRequest<VectorsRead>): Promise<void> {
    try {
      reply(await this.#answer(event));
    } catch (error) {
      if (!this.#database.isOpen) return;
      const known = toStoreError(error, pathOf(this.#database));
      // A fault of the program ends the worker: an unhandled rejection does.
      if (known === undefined) throw error;
      fail(known);
    }
  }

  #answer(event: VectorsRead): unknown {
    switch (event.type) {
      case 'query-vectors':
        return this.#query(event);
      case 'count-vectors': {
        const row = this.#table.space(event.space);
        return row === undefined ? 0 : this.#table.count(row.number);
      }
      case 'vector-dimension':
        return this.#table.dimensionOf(event.model) ?? null;
      case 'vectors-status':
        return this.#status();
      default:
        throw new TypeError(`unknown event ${JSON.stringify(event satisfies never)}`);
    }
  }

  async #query({ space: key, vector, topK, filter }: Extract<VectorsRead, { type: 'query-vectors' }>): Promise<VectorHit[]> {
    const row = this.#table.space(key);
    checkDirection('the query', vector, row?.dimension ?? vector.length);
    if (row === undefined || topK < 1) return [];
    const space = this.#space(row);
    await space.load();
    // One after the other, with the loop's messages between them.
    const hits = this.#lastQuery.then(() => new Promise(setImmediate)).then(() => space.query({ vector, topK: Math.min(topK, MAX_TOP_K), filter }));
    this.#lastQuery = hits.catch(() => undefined);
    return hits;
  }

  #status(): VectorsStatus {
    return { engine: this.#parts.native.engine, spaces: this.#table.spaces().map((row) => this.#space(row).status()) };
  }

  /** A space that was emptied may be filled with another dimension. */
  #space(row: SpaceRow): Space {
    const known = this.#spaces.get(row.number);
    if (known !== undefined && known.row.dimension === row.dimension) return known;
    known?.close();
    const space = new Space(row, this.#parts);
    this.#spaces.set(row.number, space);
    return space;
  }
}

function isWrite(request: WorkerRequest<VectorsEvent>): request is WorkerRequest<VectorsWrite> {
  return request.event.type === 'upsert-vectors' || request.event.type === 'delete-vectors';
}
