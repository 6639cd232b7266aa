import { join } from 'node:path';
import { transaction } from '../sqlite.ts';
import type { CodeMatrix } from './code-matrix.ts';
import { Graph } from './graph.ts';
import type { BuildOrder, GraphBuilds } from './graph-builds.ts';
import { newGraphName, PART, removeGraph } from './graph-files.ts';
import type { LazyNative } from './native.ts';
import type { GraphFileRow, SpaceRow, VectorTable } from './vector-table.ts';

export interface UpkeepParts {
  readonly directory: string;
  readonly databasePath: string;
  readonly table: VectorTable;
  readonly native: LazyNative;
  readonly builds: GraphBuilds;
  /** A space with at least as many vectors gets a graph. */
  readonly graphFrom: number;
}

export interface BuildProgress {
  readonly done: number;
  readonly total: number;
}

/** So much of a graph may be missing or removed, as a share of its size, before it is made anew. */
const STALE_SHARE = 0.1;
/** Removed vectors stay in a graph that is only added to; beyond this share it is made from nothing. */
const REBUILD_SHARE = 0.2;
const RETRY_MS = 60_000;

/** Keeps the graph of one space: maps it at the start, has it made or extended when it is missing or stale. */
export class GraphUpkeep {
  graph: Graph | undefined;
  progress: BuildProgress | undefined;
  /** Why the last build failed. */
  problem: string | undefined;
  readonly #space: SpaceRow;
  readonly #parts: UpkeepParts;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(space: SpaceRow, parts: UpkeepParts) {
    this.#space = space;
    this.#parts = parts;
  }

  /** Maps the graph of before; throws it away when its file is not what was written. */
  async open(): Promise<void> {
    const { table, native, directory } = this.#parts;
    const file = table.graphFile(this.#space.number);
    const library = file === undefined ? null : native.get();
    if (file === undefined || library === null) return;
    this.graph = await Graph.open(library, directory, file, this.#space.dimension);
    if (this.graph === undefined) this.#drop(file);
  }

  /** To be called after every change: has a graph made when it is time. */
  consider(matrix: CodeMatrix): void {
    if (this.#isClosed || this.progress !== undefined || this.#retry !== undefined) return;
    const { graphFrom, native } = this.#parts;
    if (matrix.rows < graphFrom / 2 && this.graph !== undefined) return this.#drop(this.graph.file);
    if (matrix.rows < graphFrom || native.get() === null) return;
    const { missing, removed } = this.#difference(matrix);
    const stale = Math.max(graphFrom / 4, STALE_SHARE * (this.graph?.file.size ?? 0));
    if (this.graph !== undefined && missing <= stale && removed <= stale) return;
    this.#build(matrix, removed).catch((error: unknown) => this.#failed(error, matrix));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  #difference(matrix: CodeMatrix): { missing: number; removed: number } {
    const file = this.graph?.file;
    if (file === undefined) return { missing: matrix.rows, removed: 0 };
    let missing = 0;
    for (const number of matrix.numbers) if (number > file.last_number) missing += 1;
    return { missing, removed: file.size - (matrix.rows - missing) };
  }

  async #build(matrix: CodeMatrix, removed: number): Promise<void> {
    const { directory, databasePath, table } = this.#parts;
    const { number: space, dimension } = this.#space;
    const base = this.graph !== undefined && removed <= REBUILD_SHARE * this.graph.file.size ? this.graph.file : undefined;
    const total = matrix.rows + (base === undefined ? 0 : removed);
    this.progress = { done: 0, total };
    const lastNumber = table.lastNumber(space);
    const name = newGraphName(space, lastNumber);
    const target = join(directory, name);
    const from = base === undefined ? null : { path: join(directory, base.name), lastNumber: base.last_number };
    const order = { databasePath, space, dimension, lastNumber, base: from, target };
    try {
      await this.#buildAndAdopt(order, { name, last_number: lastNumber }, total);
    } catch (error) {
      for (const path of [target, target + PART]) removeGraph(path);
      throw error;
    }
    this.progress = undefined;
    this.problem = undefined;
    this.consider(matrix);
  }

  async #buildAndAdopt(order: BuildOrder, stamp: Pick<GraphFileRow, 'name' | 'last_number'>, total: number): Promise<void> {
    const { size, bytes, checksum } = await this.#parts.builds.run(order, (done) => (this.progress = { done, total }));
    await this.#adopt({ ...stamp, size, bytes, checksum });
  }

  async #adopt(file: GraphFileRow): Promise<void> {
    const { directory, native, table } = this.#parts;
    const library = native.get();
    const graph = library === null ? undefined : await Graph.open(library, directory, file, this.#space.dimension);
    if (graph === undefined) throw new Error('the graph that was made cannot be read');
    if (this.#isClosed) return;
    transaction(table.database, 'immediate', () => table.setGraphFile(this.#space.number, file));
    const before = this.graph?.file.name;
    this.graph = graph;
    if (before !== undefined) removeGraph(join(directory, before));
  }

  #drop(file: GraphFileRow): void {
    const { directory, table } = this.#parts;
    this.graph = undefined;
    try {
      transaction(table.database, 'immediate', () => table.dropGraphFile(this.#space.number));
    } catch {
      // A full disk, for one: the row names a file that is gone, which the next start finds out.
    }
    removeGraph(join(directory, file.name));
  }

  #failed(error: unknown, matrix: CodeMatrix): void {
    this.progress = undefined;
    if (this.#isClosed) return;
    this.problem = error instanceof Error ? error.message : String(error);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.consider(matrix);
    }, RETRY_MS).unref();
  }
}
