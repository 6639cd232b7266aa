import { join } from 'node:path';
import { isIntact } from './graph-files.ts';
import type { GraphIndex, Native } from './native.ts';
import type { GraphFileRow } from './vector-table.ts';

/**
 * How many candidates a search holds for each one it returns. Of questions that are unlike all documents, in 512
 * dimensions of noise, the ten nearest were found to 0.86 with 2, to 0.98 with 8; it costs 1 ms more.
 */
const WIDTH_PER_HIT = 8;
/** A search so wide takes about as long as a scan of 20 000. */
const MAX_WIDTH = 4096;

/**
 * An HNSW graph over the vectors that a space had once, mapped from its file and never changed: what was removed since
 * is dropped from its answers, what was added since is scanned beside it.
 */
export class Graph {
  readonly file: GraphFileRow;
  readonly #index: GraphIndex;

  constructor(index: GraphIndex, file: GraphFileRow) {
    this.#index = index;
    this.file = file;
  }

  /** Undefined when the file is not what `file` says. */
  static async open(native: Native, directory: string, file: GraphFileRow, dimension: number): Promise<Graph | undefined> {
    const path = join(directory, file.name);
    if (!(await isIntact(path, file))) return undefined;
    try {
      const index = native.graph(dimension);
      index.view(path);
      return index.size() === file.size && index.dimensions() === dimension ? new Graph(index, file) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Numbers of the vectors nearest to the query that are `alive`, at most `count`. Looks wider when many are not;
   * undefined when so many are not that a scan is the better way.
   */
  nearest(query: Float32Array, count: number, isAlive: (number: number) => boolean): number[] | undefined {
    for (let width = WIDTH_PER_HIT * count; ; width *= 4) {
      const looked = Math.min(width, this.file.size);
      const { keys } = this.#index.search(query, looked, 1);
      const alive: number[] = [];
      for (const key of keys) if (alive.length < count && isAlive(Number(key))) alive.push(Number(key));
      if (alive.length === count || looked === this.file.size) return alive;
      if (width * 4 > MAX_WIDTH) return undefined;
    }
  }
}

