import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Segment } from './segment.ts';

const EXTENSION = '.log';

/** The segments of a directory, numbered in the order in which they were made. */
export class SegmentFiles {
  readonly #directory: string;

  /** Makes the directory when it is missing, for this user only. Throws what the file system throws. */
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Oldest first. */
  list(): readonly number[] {
    const names = readdirSync(this.#directory).filter((name) => name.endsWith(EXTENSION));
    return names.map((name) => Number.parseInt(name, 10)).filter(Number.isSafeInteger).sort((a, b) => a - b);
  }

  path(number: number): string {
    return join(this.#directory, `${String(number).padStart(8, '0')}${EXTENSION}`);
  }

  /** Behind all that there are. */
  create(): { readonly number: number; readonly segment: Segment } {
    const number = (this.list().at(-1) ?? 0) + 1;
    return { number, segment: new Segment(this.path(number)) };
  }

  ageMs(number: number, nowMs: number): number {
    return nowMs - statSync(this.path(number)).mtimeMs;
  }

  remove(numbers: readonly number[]): void {
    for (const number of numbers) rmSync(this.path(number), { force: true });
  }
}

/**
 * Changes whenever the machine starts: what the operating system was handed before, and no fsync followed, may be gone.
 * Empty where the system does not tell.
 */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
