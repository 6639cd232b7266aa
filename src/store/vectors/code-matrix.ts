/** Rows of one block: what one slice of a scan compares. 8 MB at 1024 dimensions. */
export const ROWS_PER_BLOCK = 8192;
const FIRST_ROWS = 64;
const CODE_LIMIT = 127;

/** A vector in 8 bits a dimension, and the length that it has so. */
export interface Code {
  readonly values: Int8Array;
  readonly length: number;
}

/** Rounds each component to a share of the largest one: no cosine moves by more than 0.01, most move by less than 0.001. */
export function encode(vector: Float32Array): Code {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  const scale = largest === 0 ? 0 : CODE_LIMIT / largest;
  const values = new Int8Array(vector.length);
  let squares = 0;
  for (let at = 0; at < vector.length; at += 1) {
    const code = Math.round((vector[at] ?? 0) * scale);
    values[at] = code;
    squares += code * code;
  }
  return { values, length: Math.sqrt(squares) };
}

/** Rows that follow each other in memory, from the start of their buffer. */
export interface CodeBlock {
  readonly rows: number;
  readonly codes: Int8Array;
  readonly lengths: Float32Array;
}

interface GrowingBlock {
  codes: Int8Array;
  lengths: Float32Array;
}

/**
 * The codes of a space, without gaps, in blocks: growing copies no more than one of them. Each row knows the number of
 * its vector and the key of its metadata. Removing a row moves the last one into its place.
 */
export class CodeMatrix {
  readonly dimension: number;
  readonly #blocks: GrowingBlock[] = [];
  readonly #rowOf = new Map<number, number>();
  readonly #numbers: number[] = [];
  readonly #labels: number[] = [];

  constructor(dimension: number) {
    this.dimension = dimension;
  }

  get rows(): number {
    return this.#numbers.length;
  }

  has(number: number): boolean {
    return this.#rowOf.has(number);
  }

  rowOf(number: number): number | undefined {
    return this.#rowOf.get(number);
  }

  /** The numbers of the rows' vectors, by row. */
  get numbers(): readonly number[] {
    return this.#numbers;
  }

  /** The keys of the rows' metadata, by row. */
  get labels(): readonly number[] {
    return this.#labels;
  }

  add(number: number, { values, length }: Code, label: number): void {
    const row = this.rows;
    const { block, at } = this.#place(row);
    block.codes.set(values, at * this.dimension);
    block.lengths[at] = length;
    this.#numbers.push(number);
    this.#labels.push(label);
    this.#rowOf.set(number, row);
  }

  /** Returns the key of its metadata; undefined when there is no such vector. */
  remove(number: number): number | undefined {
    const row = this.#rowOf.get(number);
    if (row === undefined) return undefined;
    const label = this.#labels[row];
    const last = this.rows - 1;
    if (row !== last) this.#move(last, row);
    this.#rowOf.delete(number);
    this.#numbers.pop();
    this.#labels.pop();
    if (last % ROWS_PER_BLOCK === 0) this.#blocks.pop();
    return label;
  }

  block(index: number): CodeBlock {
    const { codes, lengths } = this.#blockAt(index);
    const rows = Math.min(ROWS_PER_BLOCK, this.rows - index * ROWS_PER_BLOCK);
    return { rows, codes: codes.subarray(0, rows * this.dimension), lengths };
  }

  get blockCount(): number {
    return this.#blocks.length;
  }

  /** Copies some rows together. */
  gather(rows: readonly number[]): CodeBlock {
    const codes = new Int8Array(rows.length * this.dimension);
    const lengths = new Float32Array(rows.length);
    for (const [index, row] of rows.entries()) {
      const at = row % ROWS_PER_BLOCK;
      const block = this.#blockAt(Math.floor(row / ROWS_PER_BLOCK));
      codes.set(block.codes.subarray(at * this.dimension, (at + 1) * this.dimension), index * this.dimension);
      lengths[index] = block.lengths[at] ?? 0;
    }
    return { rows: rows.length, codes, lengths };
  }

  #move(from: number, to: number): void {
    const source = this.#place(from);
    const target = this.#place(to);
    const start = source.at * this.dimension;
    target.block.codes.set(source.block.codes.subarray(start, start + this.dimension), target.at * this.dimension);
    target.block.lengths[target.at] = source.block.lengths[source.at] ?? 0;
    const number = this.#numbers[from] ?? 0;
    this.#numbers[to] = number;
    this.#labels[to] = this.#labels[from] ?? 0;
    this.#rowOf.set(number, to);
  }

  #place(row: number): { readonly block: GrowingBlock; readonly at: number } {
    const index = Math.floor(row / ROWS_PER_BLOCK);
    const at = row % ROWS_PER_BLOCK;
    if (index === this.#blocks.length) this.#blocks.push(emptyBlock(FIRST_ROWS, this.dimension));
    const block = this.#blockAt(index);
    if (at >= block.lengths.length) grow(block, this.dimension);
    return { block, at };
  }

  #blockAt(index: number): GrowingBlock {
    const block = this.#blocks[index];
    if (block === undefined) throw new RangeError(`there is no block ${index}`);
    return block;
  }
}

function emptyBlock(rows: number, dimension: number): GrowingBlock {
  return { codes: new Int8Array(rows * dimension), lengths: new Float32Array(rows) };
}

function grow(block: GrowingBlock, dimension: number): void {
  const { codes, lengths } = emptyBlock(Math.min(ROWS_PER_BLOCK, block.lengths.length * 2), dimension);
  codes.set(block.codes);
  lengths.set(block.lengths);
  block.codes = codes;
  block.lengths = lengths;
}
