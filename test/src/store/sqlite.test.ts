import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { toStoreError } from '#src/store/sqlite-error.ts';
import { asStoreError, openDatabase, savepoint, transaction } from '#src/store/sqlite.ts';
import { temporaryDirectory } from '../../support/store-directory.ts';

function open(): DatabaseSync {
  return openDatabase(join(temporaryDirectory(), 'some.db'));
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0];
}

function sqliteError(errcode: number): Error {
  return Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode });
}

test('a database has a write-ahead log, fsyncs every commit and keeps its foreign keys', () => {
  const database = open();
  const settings = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'].map((name) => pragma(database, name));
  expect(settings).toEqual(['wal', 2, 1, 2000]);
});

test.for([undefined, 12_000_000])('a write-ahead log grows to its bound and not beyond: %i bytes, or 4 MB', (checkpointBytes) => {
  const path = join(temporaryDirectory(), 'some.db');
  const database = openDatabase(path, checkpointBytes === undefined ? {} : { checkpointBytes });
  database.exec('create table entry (text text) strict');
  const insert = database.prepare('insert into entry values (?)');
  for (let written = 0; written < 40; written += 1) insert.run('x'.repeat(1_000_000));
  const { size } = statSync(`${path}-wal`);
  const bound = checkpointBytes ?? 4_000_000;
  expect(size).toBeGreaterThan(bound - 1e6);
  expect(size).toBeLessThan(bound + 2e6);
});

test('a read-only connection cannot write', () => {
  const database = open();
  database.exec('create table t (x)');
  const reader = openDatabase(database.location() ?? '', { readOnly: true });
  expect(() => asStoreError('some.db', () => reader.exec('insert into t values (1)'))).toThrow(
    expect.objectContaining({ code: 'DATA_DIR_UNUSABLE' }),
  );
});

describe('a file that cannot be opened', () => {
  test('is STORE_CORRUPT when it is no database, and stays as it is', () => {
    const path = join(temporaryDirectory(), 'some.db');
    const text = 'This is a letter, not a database. '.repeat(200);
    writeFileSync(path, text);
    expect(() => openDatabase(path)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('is DATA_DIR_UNUSABLE when its directory does not exist, and says which', () => {
    const path = join(temporaryDirectory(), 'none', 'some.db');
    expect(() => openDatabase(path)).toThrow(
      expect.objectContaining({ code: 'DATA_DIR_UNUSABLE', message: expect.stringContaining(path) as string }),
    );
  });

  test('is DATA_DIR_UNUSABLE when it is a directory', () => {
    const path = join(temporaryDirectory(), 'some.db');
    mkdirSync(path);
    expect(() => openDatabase(path)).toThrow(expect.objectContaining({ code: 'DATA_DIR_UNUSABLE' }));
  });

  test('is DATA_DIR_UNUSABLE when its directory is read-only', () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o555);
    const script = `
      import { openDatabase } from '#src/store/sqlite.ts';
      try { openDatabase(${JSON.stringify(join(directory, 'some.db'))}); console.log('opened'); }
      catch (error) { console.log(error.code); }`;
    expect(runAsNobody(script)).toBe('DATA_DIR_UNUSABLE');
    expect(readdirSync(directory)).toEqual([]);
  });
});

test('a damaged page is STORE_CORRUPT when it is read', () => {
  const database = open();
  const path = database.location() ?? '';
  database.exec('create table t (x); pragma user_version=1');
  const insert = database.prepare('insert into t values (?)');
  for (let at = 0; at < 100; at += 1) insert.run('x'.repeat(1000));
  database.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096, 3 * 4096);
  writeFileSync(path, bytes);
  const damaged = openDatabase(path);
  expect(() => asStoreError(path, () => damaged.prepare('select sum(length(x)) from t').get())).toThrow(
    expect.objectContaining({ code: 'STORE_CORRUPT' }),
  );
});

test('a file that was cut short is STORE_CORRUPT', () => {
  const database = open();
  const path = database.location() ?? '';
  database.exec('create table t (x); create table u (x)');
  database.close();
  truncateSync(path, 5000);
  expect(() => asStoreError(path, () => openDatabase(path).exec('insert into u values (1)'))).toThrow(
    expect.objectContaining({ code: 'STORE_CORRUPT' }),
  );
});

describe('an error of SQLite', () => {
  test.each([
    [13, 'STORE_FULL'],
    [10 | (19 << 8), 'STORE_FULL'],
    [10 | (4 << 8), 'STORE_UNAVAILABLE'],
    [5, 'STORE_UNAVAILABLE'],
    [11 | (1 << 8), 'STORE_CORRUPT'],
    [26, 'STORE_CORRUPT'],
    [8, 'DATA_DIR_UNUSABLE'],
    [14, 'DATA_DIR_UNUSABLE'],
  ])('%d is %s, whatever its message', (errcode, code) => {
    expect(toStoreError(sqliteError(errcode), 'some.db')).toMatchObject({ code });
  });

  test.each([1, 19, 21])('%d is a fault of the program and has no code', (errcode) => {
    expect(toStoreError(sqliteError(errcode), 'some.db')).toBeUndefined();
  });
});

describe('a transaction', () => {
  test('leaves nothing behind when it throws', () => {
    const database = open();
    database.exec('create table t (x)');
    const insertAndThrow = (): never => {
      database.exec('insert into t values (1)');
      throw new RangeError('no');
    };
    expect(() => transaction(database, 'immediate', insertAndThrow)).toThrow(RangeError);
    expect(database.prepare('select count(*) as rows from t').get()).toMatchObject({ rows: 0 });
  });

  test('keeps what stands around a savepoint that throws', () => {
    const database = open();
    database.exec('create table t (x)');
    transaction(database, 'immediate', () => {
      database.exec('insert into t values (1)');
      const insertAndThrow = (): never => {
        savepoint(database, () => database.exec('insert into t values (2)'));
        throw new RangeError('no');
      };
      expect(() => savepoint(database, insertAndThrow)).toThrow(RangeError);
      savepoint(database, () => database.exec('insert into t values (3)'));
    });
    expect(database.prepare('select x from t').all()).toMatchObject([{ x: 1 }, { x: 3 }]);
  });
});

/** For root every directory is writable: the script runs as the user nobody where the tests run as root. */
function runAsNobody(script: string): string {
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', ...user });
  return child.stdout.trim() || child.stderr;
}
