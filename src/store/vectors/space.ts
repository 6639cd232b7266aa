import type { Metadata } from '#src/ports/answer.ts';
import { CodeMatrix, encode } from './code-matrix.ts';
import type { SpaceState, SpaceStatus, VectorHit } from './events.ts';
import type { Graph } from './graph.ts';
import { GraphUpkeep } from './graph-upkeep.ts';
import type { UpkeepParts } from './graph-upkeep.ts';
import { Labels } from './labels.ts';
import { scan } from './scan.ts';
import { cosine, fromHalfFloats } from './values.ts';
import type { SpaceRow } from './vector-table.ts';

/** What a committed write has changed. */
export interface Change {
  readonly removed: readonly number[];
  readonly added: readonly AddedVector[];
}

export interface AddedVector {
  readonly number: number;
  readonly halfFloats: Uint8Array;
  /** JSON. */
  readonly metadata: string;
}

export interface SpaceQuery {
  readonly vector: Float32Array;
  readonly topK: number;
  readonly filter: Metadata | null;
}

/** Takes some 10 ms at 1024 dimensions. */
const ROWS_PER_LOAD_SLICE = 500;
/** So many are found for each one that is asked for, within these bounds; the stored vectors decide among them. */
const CANDIDATES_PER_HIT = 4;
const MIN_CANDIDATES = 100;
const MAX_CANDIDATES = 2000;

/** Picking rows out costs five times what scanning them where they lie does: with more new ones than this all are scanned. */
const MAX_SHARE_SINCE = 0.2;

/** The rows that a filter lets through, and the keys of their metadata. */
interface Selection {
  readonly labels: ReadonlySet<number>;
  readonly rows: readonly number[];
}

/** What the graph has found, and the rows that it does not know. */
interface GraphFindings {
  readonly numbers: readonly number[];
  readonly rows: readonly number[];
}

/** One space in memory: a code of each vector to scan, the graph, and what of the metadata to filter by. */
export class Space {
  readonly row: SpaceRow;
  readonly #parts: UpkeepParts;
  readonly #matrix: CodeMatrix;
  readonly #labels = new Labels();
  readonly #upkeep: GraphUpkeep;
  readonly #decoded: Float32Array;
  #loading: Promise<void> | undefined;
  #state: 'new' | 'loading' | 'loaded' = 'new';
  #isScanning = false;
  #deferred: Change[] = [];

  constructor(row: SpaceRow, parts: UpkeepParts) {
    this.row = row;
    this.#parts = parts;
    this.#matrix = new CodeMatrix(row.dimension);
    this.#upkeep = new GraphUpkeep(row, parts);
    this.#decoded = new Float32Array(row.dimension);
  }

  /** Resolves when the space can be searched. Rejects with the error of the database; the next call tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /** What comes while vectors are still read has a higher number than any of them, so that the reading gets there. */
  apply(change: Change): void {
    if (this.#isScanning) return void this.#deferred.push(change);
    for (const number of change.removed) this.#remove(number);
    if (this.#state !== 'loaded') return;
    for (const vector of change.added) this.#add(vector);
    this.#upkeep.consider(this.#matrix);
  }

  /** Best first. To be called when loaded, and again when the call before has resolved. */
  async query({ vector, topK, filter }: SpaceQuery): Promise<VectorHit[]> {
    const wanted = Math.max(topK, MIN_CANDIDATES, Math.min(CANDIDATES_PER_HIT * topK, MAX_CANDIDATES));
    const selection = filter === null || Object.keys(filter).length === 0 ? undefined : this.#select(filter);
    const found = this.#throughGraph(vector, wanted, selection) ?? { numbers: [], rows: selection?.rows };
    const scanned = await this.#scan(vector, wanted, found.rows);
    return this.#rank(vector, [...found.numbers, ...scanned]).slice(0, topK);
  }

  status(): SpaceStatus {
    const { tenant, collection, model, dimension, number } = this.row;
    const vectors = this.#parts.table.count(number);
    const { progress, problem } = this.#upkeep;
    const far = this.#state === 'loaded' ? progress : { done: this.#matrix.rows, total: vectors };
    const state = this.#searchState();
    return { tenant, collection, model, dimension, vectors, state, ...far, ...(problem === undefined ? {} : { problem }) };
  }

  close(): void {
    this.#upkeep.close();
  }

  #searchState(): SpaceState {
    if (this.#state !== 'loaded') return 'loading';
    if (this.#upkeep.progress !== undefined) return 'building';
    return this.#upkeep.graph !== undefined && this.#matrix.rows >= this.#parts.graphFrom ? 'ready' : 'exact';
  }

  async #load(): Promise<void> {
    this.#state = 'loading';
    await this.#upkeep.open();
    let last = this.#matrix.numbers.reduce((highest, number) => Math.max(highest, number), 0);
    for (;;) {
      const rows = this.#parts.table.rowsAfter(this.row.number, last, ROWS_PER_LOAD_SLICE);
      for (const { number, half_floats, metadata } of rows) this.#add({ number, halfFloats: half_floats, metadata });
      if (rows.length === 0) break;
      last = rows.at(-1)?.number ?? last;
      await new Promise(setImmediate);
    }
    this.#state = 'loaded';
    this.#upkeep.consider(this.#matrix);
  }

  #add({ number, halfFloats, metadata }: AddedVector): void {
    fromHalfFloats(halfFloats, this.#decoded);
    this.#matrix.add(number, encode(this.#decoded), this.#labels.use(metadata));
  }

  #remove(number: number): void {
    const label = this.#matrix.remove(number);
    if (label !== undefined) this.#labels.release(label);
  }

  #select(filter: Metadata): Selection {
    const labels = this.#labels.matching(filter);
    const rows: number[] = [];
    if (labels.size > 0) for (const [row, label] of this.#matrix.labels.entries()) if (labels.has(label)) rows.push(row);
    return { labels, rows };
  }

  /** Undefined when the scan has to do it all. */
  #throughGraph(vector: Float32Array, wanted: number, selection: Selection | undefined): GraphFindings | undefined {
    const { graph } = this.#upkeep;
    const rows = selection?.rows;
    if (graph === undefined || (rows?.length ?? this.#matrix.rows) < this.#parts.graphFrom) return undefined;
    const since = this.#rowsSince(graph, rows);
    if (rows === undefined && since.length > MAX_SHARE_SINCE * this.#matrix.rows) return undefined;
    const { labels } = this.#matrix;
    const numbers = graph.nearest(vector, wanted, (number) => {
      const row = this.#matrix.rowOf(number);
      return row !== undefined && (selection === undefined || selection.labels.has(labels[row] ?? 0));
    });
    return numbers === undefined ? undefined : { numbers, rows: since };
  }

  #rowsSince(graph: Graph, rows: readonly number[] | undefined): number[] {
    const { numbers } = this.#matrix;
    const isNew = (row: number): boolean => (numbers[row] ?? 0) > graph.file.last_number;
    if (rows !== undefined) return rows.filter(isNew);
    const since: number[] = [];
    for (let row = 0; row < numbers.length; row += 1) if (isNew(row)) since.push(row);
    return since;
  }

  async #scan(vector: Float32Array, count: number, rows: readonly number[] | undefined): Promise<number[]> {
    const search = rows === undefined ? { count } : { count, rows };
    this.#isScanning = true;
    try {
      const near = await scan(this.#matrix, encode(vector), search, this.#parts.native);
      return near.map(({ row }) => this.#matrix.numbers[row] ?? 0);
    } finally {
      this.#isScanning = false;
      for (const change of this.#deferred.splice(0)) this.apply(change);
    }
  }

  /** Compares with the vectors as they are stored; what is not stored any more is no hit, whoever found it. */
  #rank(vector: Float32Array, numbers: readonly number[]): VectorHit[] {
    const hits: VectorHit[] = [];
    for (const number of numbers) {
      const stored = this.#parts.table.row(number);
      if (stored === undefined) continue;
      fromHalfFloats(stored.half_floats, this.#decoded);
      hits.push({ id: stored.id, score: cosine(vector, this.#decoded) });
    }
    return hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  }
}
