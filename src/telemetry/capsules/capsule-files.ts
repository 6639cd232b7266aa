import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '#src/errors.ts';
import type { Capsule, CapsuleSummary } from './capsule.ts';
import { readCapsule } from './capsule.ts';

const MAX_FILES = 50;
const MAX_BYTES = 20 * 1024 * 1024;
/** Only who runs the service reads them: they hold questions and documents. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** Ours begin with a time: nothing that leads out of the directory does. */
const ID = /^\d[\w.-]{0,127}$/;
const SUFFIX = '.json';
const UNFINISHED = '.tmp';

/** The crash capsules on disk, the newest 50 of at most 20 MB in all. Calls of `write` must not overlap. */
export class CapsuleFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The file is there in full or not at all. Rejects with what the disk says. */
  async write(id: string, json: string): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: DIRECTORY_MODE });
    const path = this.#unfinished(id);
    const file = await open(path, 'w', FILE_MODE);
    try {
      await file.writeFile(json);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(path, this.#pathOf(id));
    await this.#rotate();
  }

  /** For a process that ends now: blocks, and leaves old files to the next write. */
  writeNow(id: string, json: string): void {
    mkdirSync(this.directory, { recursive: true, mode: DIRECTORY_MODE });
    writeFileSync(this.#unfinished(id), json, { mode: FILE_MODE });
    renameSync(this.#unfinished(id), this.#pathOf(id));
  }

  /** Latest first. What cannot be read is left out. */
  async list(): Promise<readonly CapsuleSummary[]> {
    const capsules = await Promise.all((await this.#ids()).map((id) => this.read(id).catch(ifMissing)));
    return capsules.filter((capsule) => capsule !== undefined);
  }

  /** Rejects with CRASH_NOT_FOUND. */
  async read(id: string): Promise<Capsule> {
    if (!ID.test(id)) throw new ServiceError('CRASH_NOT_FOUND');
    try {
      return readCapsule(await readFile(this.#pathOf(id), 'utf8'));
    } catch (error) {
      throw new ServiceError('CRASH_NOT_FOUND', `crash ${id} cannot be read`, { cause: error });
    }
  }

  #unfinished(id: string): string {
    return join(this.directory, `${id}${UNFINISHED}`);
  }

  #pathOf(id: string): string {
    return join(this.directory, `${id}${SUFFIX}`);
  }

  /** Latest first. */
  async #ids(): Promise<readonly string[]> {
    const names = await readdir(this.directory).catch(() => []);
    const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
    return ids.filter((id) => ID.test(id)).toSorted().toReversed();
  }

  async #rotate(): Promise<void> {
    let bytes = 0;
    for (const [place, id] of (await this.#ids()).entries()) {
      const path = this.#pathOf(id);
      bytes += (await stat(path)).size;
      if (place >= MAX_FILES || (place > 0 && bytes > MAX_BYTES)) await rm(path, { force: true });
    }
    // Left by a process that was killed while it wrote.
    const names = await readdir(this.directory);
    for (const name of names.filter((each) => each.endsWith(UNFINISHED))) await rm(join(this.directory, name), { force: true });
  }
}

function ifMissing(error: unknown): undefined {
  if (error instanceof ServiceError) return undefined;
  throw error;
}
