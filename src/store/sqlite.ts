import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { toStoreError } from './sqlite-error.ts';

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** Size of the write-ahead log at which a commit carries it over into the file. @defaultValue SQLite's own 1000 pages */
  readonly checkpointBytes?: number;
}

/** How long a statement waits for another connection's lock; it blocks its thread, heartbeats included. */
const BUSY_TIMEOUT_MS = 2000;
/** Per connection. Three of them must fit into an idle service of 150 MB. */
const CACHE_SIZE_KIB = 4096;
/** The write-ahead log is cut back to this after a checkpoint. */
export const WAL_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Opens a database for one thread: write-ahead log, an fsync for every commit, foreign keys.
 * Throws `DATA_DIR_UNUSABLE`, `STORE_CORRUPT`, `STORE_FULL` or `STORE_UNAVAILABLE`.
 */
export function openDatabase(path: string, options: OpenOptions = {}): DatabaseSync {
  const { readOnly = false, checkpointBytes } = options;
  return asStoreError(path, () => {
    const database = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS });
    try {
      configure(database, readOnly);
      if (checkpointBytes !== undefined) database.exec(`pragma wal_autocheckpoint=${Math.floor(checkpointBytes / pageBytes(database))}`);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

function configure(database: DatabaseSync, readOnly: boolean): void {
  // The first read of the file: what is no database is refused here, before anything is written.
  userVersion(database);
  database.exec(`pragma cache_size=-${CACHE_SIZE_KIB}; pragma temp_store=memory`);
  if (readOnly) return;
  database.exec(`pragma journal_mode=wal; pragma synchronous=full; pragma journal_size_limit=${WAL_LIMIT_BYTES}`);
}

function pageBytes(database: DatabaseSync): number {
  return queryOne<{ page_size: number }>(database.prepare('pragma page_size'))?.page_size ?? 4096;
}

/** The number of the last migration that the file has seen. */
export function userVersion(database: DatabaseSync): number {
  return queryOne<{ user_version: number }>(database.prepare('pragma user_version'))?.user_version ?? 0;
}

/** The file of a database, for messages. */
export function pathOf(database: DatabaseSync): string {
  return database.location() ?? ':memory:';
}

/** Runs `work`; what SQLite throws becomes a ServiceError where it has a code, and passes as it is where not. */
export function asStoreError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(error, path) ?? error;
  }
}

/** Runs `work` in a transaction that is committed when it returns and rolled back when it, or the commit, throws. */
export function transaction<T>(database: DatabaseSync, mode: 'deferred' | 'immediate', work: () => T): T {
  database.exec(`begin ${mode}`);
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    // Some failures, a full disk for one, have made SQLite roll back already.
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

/** Runs `work` inside an open transaction such that it leaves nothing behind when it throws. */
export function savepoint<T>(database: DatabaseSync, work: () => T): T {
  database.exec('savepoint part');
  try {
    const result = work();
    database.exec('release part');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('rollback to part; release part');
    throw error;
  }
}

/** The first row, in the shape that the caller's SQL gives it. */
export function queryOne<Row>(statement: StatementSync, ...parameters: SQLInputValue[]): Row | undefined {
  return statement.get(...parameters) as Row | undefined;
}

/** All rows, in the shape that the caller's SQL gives them. */
export function queryAll<Row>(statement: StatementSync, ...parameters: SQLInputValue[]): Row[] {
  return statement.all(...parameters) as Row[];
}
