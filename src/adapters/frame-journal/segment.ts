import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Before each batch: its bytes and their CRC-32, both unsigned 32-bit little-endian. */
const PREFIX_BYTES = 8;
const BUFFER_BYTES = 256 * 1024;
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

/** A file that batches of text are appended to. Whoever reads it knows where it was broken off. */
export class Segment {
  readonly #fd: number;
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #bytes = 0;

  /** Makes the file, for this user only. Throws what the file system throws, also when the file exists. */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Hands a batch to the operating system: from now on it outlives this process. Throws what the file system throws; then nothing of it is written. */
  append(text: string): void {
    const needed = PREFIX_BYTES + BYTES_PER_UNIT * text.length;
    if (this.#buffer.length < needed) this.#buffer = Buffer.allocUnsafe(needed);
    const length = this.#buffer.write(text, PREFIX_BYTES, 'utf8');
    this.#buffer.writeUInt32LE(length, 0);
    this.#buffer.writeUInt32LE(crc32(this.#buffer.subarray(PREFIX_BYTES, PREFIX_BYTES + length)), 4);
    this.#write(PREFIX_BYTES + length);
    if (this.#buffer.length > BUFFER_BYTES) this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  }

  close(): void {
    fsyncSync(this.#fd);
    closeSync(this.#fd);
  }

  /** Without waiting for the disk. */
  abandon(): void {
    closeSync(this.#fd);
  }

  #write(length: number): void {
    try {
      for (let written = 0; written < length; ) written += writeSync(this.#fd, this.#buffer, written, length - written);
    } catch (error) {
      if (fstatSync(this.#fd).size > this.#bytes) ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += length;
  }
}

/** The batches of a segment; `isWhole` is false where something stands behind them that is no batch. */
export function readSegment(path: string): { readonly batches: readonly string[]; readonly isWhole: boolean } {
  const bytes = readFileSync(path);
  const batches: string[] = [];
  let start = 0;
  while (start + PREFIX_BYTES <= bytes.length) {
    const end = start + PREFIX_BYTES + bytes.readUInt32LE(start);
    const batch = bytes.subarray(start + PREFIX_BYTES, end);
    if (end > bytes.length || crc32(batch) !== bytes.readUInt32LE(start + 4)) break;
    batches.push(batch.toString('utf8'));
    start = end;
  }
  return { batches, isWhole: batches.length > 0 && start === bytes.length };
}
