import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { migrate } from '#src/store/migrate.ts';
import { CONVERSATIONS_MIGRATIONS } from '#src/store/migrations/conversations.ts';
import { KNOWLEDGE_MIGRATIONS } from '#src/store/migrations/knowledge.ts';
import { openDatabase, userVersion } from '#src/store/sqlite.ts';
import { temporaryDirectory } from '../../support/store-directory.ts';

const FIRST = 'create table t (x)';
const SECOND = 'alter table t add column y; update t set y = x + 1';

function newPath(): string {
  return join(temporaryDirectory(), 'some.db');
}

test('a new file gets all migrations in their order', () => {
  const database = openDatabase(newPath());
  migrate(database, [FIRST, SECOND]);
  expect(userVersion(database)).toBe(2);
});

test('an older file gets the migrations that it lacks and keeps its rows', () => {
  const database = openDatabase(newPath());
  migrate(database, [FIRST]);
  database.exec('insert into t values (1)');
  migrate(database, [FIRST, SECOND]);
  migrate(database, [FIRST, SECOND]);
  expect(database.prepare('select x, y from t').all()).toMatchObject([{ x: 1, y: 2 }]);
});

test('a migration that fails leaves the version before it', () => {
  const database = openDatabase(newPath());
  expect(() => migrate(database, [FIRST, `${SECOND}; insert into none values (1)`])).toThrow(/no such table/);
  expect([userVersion(database), database.prepare('select * from t').columns().length]).toEqual([1, 1]);
});

test('a newer file is refused by name and version, and is not touched', () => {
  const path = newPath();
  const database = openDatabase(path);
  migrate(database, [FIRST, SECOND]);
  database.close();
  const before = readFileSync(path);
  const reopened = openDatabase(path);
  expect(() => migrate(reopened, [FIRST])).toThrow(
    expect.objectContaining({
      code: 'STORE_TOO_NEW',
      details: [{ field: path, expected: 'version 1 or older', got: 'version 2' }],
    }),
  );
  reopened.close();
  expect(readFileSync(path)).toEqual(before);
});

describe.each([
  ['conversations', CONVERSATIONS_MIGRATIONS],
  ['knowledge', KNOWLEDGE_MIGRATIONS],
])('the schema of %s', (_, migrations) => {
  test('has the tenant in every table but its own, and in a key of each', () => {
    const database = openDatabase(newPath());
    migrate(database, migrations);
    const tables = database.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'").all();
    const keyed = tables.filter(({ name }) => {
      const indexes = database.prepare(`select name from pragma_index_list(?) where "unique"`).all(String(name));
      return indexes.some((index) => {
        const columns = database.prepare('select name from pragma_index_info(?)').all(String(index['name']));
        return columns.some((column) => column['name'] === 'tenant');
      });
    });
    expect(tables.length).toBeGreaterThan(4);
    expect(tables.filter((table) => !keyed.includes(table)).map(({ name }) => name)).toEqual(['tenant']);
  });
});
