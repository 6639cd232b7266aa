import type { DatabaseSync } from 'node:sqlite';
import { queryAll, queryOne } from '../sqlite.ts';
import type { SpaceKey } from './events.ts';

export interface SpaceRow extends SpaceKey {
  readonly number: number;
  readonly dimension: number;
}

export interface VectorRow {
  readonly number: number;
  readonly half_floats: Uint8Array;
  readonly metadata: string;
}

export interface NewVector {
  readonly id: string;
  readonly halfFloats: Uint8Array;
  /** JSON. */
  readonly metadata: string;
}

/** The file that holds a space's graph: right only with exactly this length and checksum. */
export interface GraphFileRow {
  readonly name: string;
  /** The highest number that was there when the graph was begun. */
  readonly last_number: number;
  /** How many vectors it holds. */
  readonly size: number;
  readonly bytes: number;
  /** CRC-32. */
  readonly checksum: number;
}

const SPACE_COLUMNS = 'number, tenant, collection, model, dimension';

/** Reads and writes `vectors.db`. What it writes belongs to the transaction that is open. */
export class VectorTable {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = prepare(database);
  }

  spaces(): SpaceRow[] {
    return queryAll(this.#statements.spaces);
  }

  space({ tenant, collection, model }: SpaceKey): SpaceRow | undefined {
    return queryOne(this.#statements.space, tenant, collection, model);
  }

  addSpace({ tenant, collection, model }: SpaceKey, dimension: number): SpaceRow {
    const added = queryOne<SpaceRow>(this.#statements.addSpace, tenant, collection, model, dimension);
    if (added === undefined) throw new TypeError('a space was added and is not there');
    return added;
  }

  /** Of the first space of this model that holds a vector. */
  dimensionOf(model: string): number | undefined {
    return queryOne<{ dimension: number }>(this.#statements.dimensionOf, model)?.dimension;
  }

  /** Returns the new number. */
  add(space: number, { id, halfFloats, metadata }: NewVector): number {
    return Number(this.#statements.add.run(space, id, halfFloats, metadata).lastInsertRowid);
  }

  /** Returns the number that it had. */
  remove(space: number, id: string): number | undefined {
    return queryOne<{ number: number }>(this.#statements.remove, space, id)?.number;
  }

  /** Removes up to `limit` vectors whose ids begin with `prefix` and returns their numbers. */
  removeByPrefix(space: number, prefix: string, limit: number): number[] {
    const removed = queryAll<{ number: number }>(this.#statements.removeByPrefix, space, prefix, `${prefix}\u{10FFFF}`, limit);
    return removed.map(({ number }) => number);
  }

  count(space: number): number {
    return queryOne<{ count: number }>(this.#statements.count, space)?.count ?? 0;
  }

  lastNumber(space: number): number {
    return queryOne<{ last: number | null }>(this.#statements.lastNumber, space)?.last ?? 0;
  }

  /** In the order of their numbers, beginning after `after`. */
  rowsAfter(space: number, after: number, limit: number): VectorRow[] {
    return queryAll(this.#statements.rowsAfter, space, after, limit);
  }

  row(number: number): { readonly id: string; readonly half_floats: Uint8Array } | undefined {
    return queryOne(this.#statements.row, number);
  }

  graphFile(space: number): GraphFileRow | undefined {
    return queryOne(this.#statements.graphFile, space);
  }

  graphFileNames(): string[] {
    return queryAll<{ name: string }>(this.#statements.graphFileNames).map(({ name }) => name);
  }

  setGraphFile(space: number, { name, last_number, size, bytes, checksum }: GraphFileRow): void {
    this.#statements.setGraphFile.run(space, name, last_number, size, bytes, checksum);
  }

  dropGraphFile(space: number): void {
    this.#statements.dropGraphFile.run(space);
  }

  get database(): DatabaseSync {
    return this.#database;
  }
}

function prepare(database: DatabaseSync) {
  const statement = (sql: string) => database.prepare(sql);
  return {
    spaces: statement(`select ${SPACE_COLUMNS} from space order by number`),
    space: statement(`select ${SPACE_COLUMNS} from space where tenant = ? and collection = ? and model = ?`),
    addSpace: statement(`
      insert into space (tenant, collection, model, dimension) values (?, ?, ?, ?)
      on conflict do update set dimension = excluded.dimension returning ${SPACE_COLUMNS}`),
    dimensionOf: statement(`
      select dimension from space where model = ? and exists (select 1 from vector where space = space.number)
      order by number limit 1`),
    add: statement('insert into vector (space, id, half_floats, metadata) values (?, ?, ?, ?)'),
    remove: statement('delete from vector where space = ? and id = ? returning number'),
    removeByPrefix: statement(`
      delete from vector where number in (select number from vector where space = ? and id >= ? and id < ? limit ?)
      returning number`),
    count: statement('select count(*) as count from vector where space = ?'),
    lastNumber: statement('select max(number) as last from vector where space = ?'),
    rowsAfter: statement('select number, half_floats, metadata from vector where space = ? and number > ? order by number limit ?'),
    row: statement('select id, half_floats from vector where number = ?'),
    graphFile: statement('select name, last_number, size, bytes, checksum from graph_file where space = ?'),
    graphFileNames: statement('select name from graph_file'),
    setGraphFile: statement('insert or replace into graph_file (space, name, last_number, size, bytes, checksum) values (?, ?, ?, ?, ?, ?)'),
    dropGraphFile: statement('delete from graph_file where space = ?'),
  };
}
