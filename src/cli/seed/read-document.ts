import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { NewDocument } from '#src/ports/store.ts';
import { titleOf } from '#src/rag/title.ts';

export interface ReadOptions {
  readonly cwd: string;
  /** Goes into the metadata. */
  readonly source: string;
  readonly maxBytes: number;
}

export type ReadResult = { readonly ok: true; readonly document: NewDocument } | { readonly ok: false; readonly reason: string };

/** What the operating system says, in words. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ENOENT: 'is not there',
  EISDIR: 'is a directory',
};

/** Reads a file as a document: its path is the id, its first heading the title, else its name without `.md`. */
export async function readDocument(path: string, options: ReadOptions): Promise<ReadResult> {
  const read = await readBytes(resolve(options.cwd, path), options.maxBytes);
  if (typeof read === 'string') return { ok: false, reason: read };
  const text = decode(read);
  if (text === undefined) return { ok: false, reason: 'is not UTF-8 text' };
  if (text.trim() === '') return { ok: false, reason: 'is empty' };
  const title = titleOf(text, basename(path));
  const metadata = { source: options.source, path };
  return { ok: true, document: { id: path, text, uri: path, metadata, ...(title === '' ? {} : { title }) } };
}

/** The bytes, or why not. Not blocking: a pipe that nobody writes to is opened, and refused, at once. */
async function readBytes(path: string, maxBytes: number): Promise<Buffer | string> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (stats.isDirectory()) return 'is a directory';
    if (!stats.isFile()) return 'is not a regular file';
    if (stats.size > maxBytes) return `is too large: ${stats.size} bytes, at most ${maxBytes} (BANYAN_MAX_DOCUMENT_BYTES)`;
    return await file.readFile();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return REASONS[code] ?? `cannot be read: ${message}`;
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
