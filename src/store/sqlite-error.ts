import { ServiceError } from '#src/errors.ts';
import type { ErrorCode } from '#src/errors.ts';

/** Result codes of https://www.sqlite.org/rescode.html. The low byte of an extended code is its primary code. */
const SQLITE_CONSTRAINT = 19;
/** The shared memory of the write-ahead log could not grow: the disk is full there, too. */
const SQLITE_IOERR_SHMSIZE = 4874;

const CODE_OF_PRIMARY: ReadonlyMap<number, ErrorCode> = new Map([
  [3, 'DATA_DIR_UNUSABLE'], // PERM
  [5, 'STORE_UNAVAILABLE'], // BUSY
  [6, 'STORE_UNAVAILABLE'], // LOCKED
  [7, 'STORE_UNAVAILABLE'], // NOMEM
  [8, 'DATA_DIR_UNUSABLE'], // READONLY
  [9, 'STORE_UNAVAILABLE'], // INTERRUPT
  [10, 'STORE_UNAVAILABLE'], // IOERR
  [11, 'STORE_CORRUPT'], // CORRUPT
  [13, 'STORE_FULL'], // FULL
  [14, 'DATA_DIR_UNUSABLE'], // CANTOPEN
  [15, 'STORE_UNAVAILABLE'], // PROTOCOL
  [24, 'STORE_CORRUPT'], // FORMAT
  [26, 'STORE_CORRUPT'], // NOTADB
]);

interface SqliteError extends Error {
  readonly errcode: number;
}

/** True for everything that SQLite itself has thrown. */
export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

function codeOf(errcode: number): ErrorCode | undefined {
  return errcode === SQLITE_IOERR_SHMSIZE ? 'STORE_FULL' : CODE_OF_PRIMARY.get(errcode & 0xff);
}

/**
 * What a failure of SQLite means for the service; undefined when `error` is something else, or a mistake of the
 * program (syntax, misuse). Goes by the numeric code, never by the message.
 */
export function toStoreError(error: unknown, path: string): ServiceError | undefined {
  if (error instanceof ServiceError) return error;
  if (!isSqliteError(error)) return undefined;
  const code = codeOf(error.errcode);
  if (code === undefined) return undefined;
  return new ServiceError(code, `${path}: ${error.message} (SQLite ${error.errcode})`, { cause: error });
}

/** True for a row that broke a rule of the schema: a wrong call, which spoils nothing but itself. */
export function isConstraintError(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === SQLITE_CONSTRAINT;
}
