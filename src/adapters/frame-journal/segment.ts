import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** At the head of the file: how many bytes of it are written, as an unsigned 64-bit little-endian number. */
const HEAD_BYTES = 8;
/** Before each batch: its bytes and their CRC-32, both unsigned 32-bit little-endian. */
const PREFIX_BYTES = 8;
const BUFFER_BYTES = 256 * 1024;
/** UTF-8 needs at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

/**
 * A file that batches of text are appended to. Its head is changed behind each batch: whoever reads it knows what was
 * written, and a batch that a kill broke off (Linux ends a large write early) from a file that somebody cut.
 */
export class Segment {
  readonly #fd: number;
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #bytes = HEAD_BYTES;

  /** Makes the file, for this user only. Throws what the file system throws, also when the file exists. */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600);
    this.#head.writeBigUInt64LE(BigInt(HEAD_BYTES));
    writeSync(this.#fd, this.#head);
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
    this.#head.writeBigUInt64LE(BigInt(this.#bytes));
    writeSync(this.#fd, this.#head, 0, HEAD_BYTES, 0);
  }
}

/** The batches of a segment; `isWhole` is false where they are not what its head says. What stands behind them was not written to its end. */
export function readSegment(path: string): { readonly batches: readonly string[]; readonly isWhole: boolean } {
  const bytes = readFileSync(path);
  const written = bytes.length < HEAD_BYTES ? 0 : Number(bytes.readBigUInt64LE(0));
  if (written < HEAD_BYTES || written > bytes.length) return { batches: [], isWhole: false };
  const batches: string[] = [];
  let start = HEAD_BYTES;
  while (start + PREFIX_BYTES <= written) {
    const end = start + PREFIX_BYTES + bytes.readUInt32LE(start);
    const batch = bytes.subarray(start + PREFIX_BYTES, end);
    if (end > written || crc32(batch) !== bytes.readUInt32LE(start + 4)) break;
    batches.push(batch.toString('utf8'));
    start = end;
  }
  return { batches, isWhole: start === written };
}
