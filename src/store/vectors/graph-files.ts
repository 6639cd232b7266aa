import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** Of a file while it is written. */
export const PART = '.part';
const NAME = /^vectors-\d+-\d+-[0-9a-f]+\.hnsw(?:\.part)?$/;
const SLICE_BYTES = 4 * 1024 * 1024;

/** A name that no file had before: one that is still mapped into memory is never written to. */
export function newGraphName(space: number, lastNumber: number): string {
  return `vectors-${space}-${lastNumber}-${randomBytes(6).toString('hex')}.hnsw`;
}

/** Deletes the graphs that nobody knows: of builds that were killed, of a database that was put back. */
export function removeStrays(directory: string, known: readonly string[]): void {
  const kept = new Set(known);
  for (const name of readdirSync(directory)) if (NAME.test(name) && !kept.has(name)) removeGraph(join(directory, name));
}

/** A system that keeps mapped files locked deletes it at the next start. */
export function removeGraph(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // removeStrays tries again.
  }
}

/** Length and CRC-32, read in slices. Rejects with the error of the file system. */
export async function fingerprint(path: string): Promise<{ readonly bytes: number; readonly checksum: number }> {
  let bytes = 0;
  let checksum = 0;
  const stream = createReadStream(path, { highWaterMark: SLICE_BYTES });
  stream.on('data', (slice: Buffer | string) => {
    bytes += slice.length;
    checksum = crc32(slice, checksum);
  });
  await once(stream, 'close');
  if (stream.errored !== null) throw stream.errored;
  return { bytes, checksum };
}

/**
 * Whether the file is byte by byte the one that was written. The native library trusts what it maps: a torn or foreign
 * file must never reach it.
 */
export async function isIntact(path: string, expected: { readonly bytes: number; readonly checksum: number }): Promise<boolean> {
  try {
    if (statSync(path).size !== expected.bytes) return false;
    return (await fingerprint(path)).checksum === expected.checksum;
  } catch {
    return false;
  }
}
