import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '#src/errors.ts';
import { lockFile, lockOwnerFile } from './files.ts';
import { toStoreError } from './sqlite-error.ts';

const POLL_MS = 50;

export interface LockOptions {
  /** How long to wait for another process to let go; 0 is refused at once. */
  readonly waitMs: number;
  /** Told once that this process waits, and for whom: `process 4711`. */
  readonly onWait?: (holder: string) => void;
}

export interface DataDirectoryLock {
  /** Lets the next process in. May be called twice. */
  release(): void;
}

/**
 * Makes the data directory this process's own until `release` or its death, SIGKILL included: the operating system
 * holds the lock, on a small database of its own. To be held by the main thread, because a lock that is held in a
 * worker opens when that worker dies; and nothing else in this process may open `lock.db`, because closing any handle
 * of a file drops a process's locks on it.
 *
 * The directory is made when it is missing, for this user only. Rejects with `DATA_DIR_UNUSABLE`, naming the path and
 * the reason, or `DATA_DIR_LOCKED`, naming the process that holds it.
 */
export async function lockDataDirectory(directory: string, { waitMs, onWait }: LockOptions): Promise<DataDirectoryLock> {
  makeUsable(directory);
  const deadline = performance.now() + waitMs;
  let hasTold = false;
  for (;;) {
    const lock = tryLock(directory);
    if (lock !== undefined) return lock;
    const remainingMs = deadline - performance.now();
    const holder = holderOf(directory);
    if (remainingMs <= 0) throw lockedBy(directory, holder);
    if (!hasTold) onWait?.(holder);
    hasTold = true;
    await sleep(Math.min(POLL_MS, remainingMs));
  }
}

/** Finds out early, by writing, that nothing can be written. */
function makeUsable(directory: string): void {
  const probe = join(directory, `.probe-${process.pid}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw unusable(directory, error);
  }
}

function tryLock(directory: string): DataDirectoryLock | undefined {
  const database = openLockFile(directory);
  try {
    database.exec('pragma locking_mode=exclusive; begin exclusive');
    writeFileSync(lockOwnerFile(directory), String(process.pid), { mode: 0o600 });
  } catch (error) {
    database.close();
    if (toStoreError(error, directory)?.code === 'STORE_UNAVAILABLE') return undefined;
    throw unusable(directory, error);
  }
  return { release: () => release(database, directory) };
}

function release(database: DatabaseSync, directory: string): void {
  if (!database.isOpen) return;
  rmSync(lockOwnerFile(directory), { force: true });
  database.close();
}

function openLockFile(directory: string): DatabaseSync {
  try {
    return new DatabaseSync(lockFile(directory), { timeout: 0 });
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** The process that wrote itself down last; nobody by name in the moment between a lock and its owner's name. */
function holderOf(directory: string): string {
  try {
    const owner = readFileSync(lockOwnerFile(directory), 'utf8').trim();
    return owner === '' ? 'another process' : `process ${owner}`;
  } catch {
    return 'another process';
  }
}

function lockedBy(directory: string, holder: string): ServiceError {
  return new ServiceError('DATA_DIR_LOCKED', `${directory} is held by ${holder}`, {
    details: [{ field: directory, expected: 'a data directory that no other process holds', got: `held by ${holder}` }],
  });
}

function unusable(directory: string, cause: unknown): ServiceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ServiceError('DATA_DIR_UNUSABLE', `${directory} cannot be used: ${reason}`, {
    cause,
    details: [{ field: directory, expected: 'a directory that this process can write', got: reason }],
  });
}
