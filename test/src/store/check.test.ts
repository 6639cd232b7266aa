import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkStore } from '#src/store/check.ts';
import type { Finding } from '#src/store/check.ts';
import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
import { CONVERSATIONS_MIGRATIONS } from '#src/store/migrations/conversations.ts';
import { cachedTurn, index, sections, recorded } from '../../support/store-examples.ts';
import { openConversations, openKnowledge, temporaryDirectory } from '../../support/store-directory.ts';

function filledDirectory(): string {
  const directory = temporaryDirectory();
  const { apply, database } = openConversations(directory);
  apply({ type: 'record-cached-turns', tenant: 'default', ...recorded(cachedTurn('t1', 'Yes.')) });
  database.close();
  const knowledge = openKnowledge(directory);
  index(knowledge.write, [{ id: 'a', text: sections(200, 'mark') }]);
  knowledge.close();
  return directory;
}

function faults(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ isOk }) => !isOk);
}

test('a sound directory has findings for both files and no fault', async () => {
  const directory = filledDirectory();
  const findings = await checkStore(directory);
  expect(faults(findings)).toEqual([]);
  const checks = findings.map(({ file, check }) => [file.slice(directory.length + 1), check]);
  expect(checks).toEqual([
    ...['version', 'integrity', 'foreign-keys'].map((check) => ['conversations.db', check]),
    ...['version', 'integrity', 'foreign-keys', 'index'].map((check) => ['knowledge.db', check]),
  ]);
});

test('a directory that does not exist is no fault, and is not made', async () => {
  const directory = join(temporaryDirectory(), 'none');
  expect(faults(await checkStore(directory))).toEqual([]);
  expect(existsSync(directory)).toBe(false);
});

test('files that do not exist yet are no fault', async () => {
  expect(faults(await checkStore(temporaryDirectory()))).toEqual([]);
});

test('a directory that a process holds is not looked into, and the finding says which holds it', async () => {
  const directory = filledDirectory();
  const lock = await lockDataDirectory(directory, { waitMs: 0 });
  expect(await checkStore(directory)).toEqual([
    { file: directory, check: 'access', isOk: false, message: `DATA_DIR_LOCKED: ${directory} is held by process ${process.pid}` },
  ]);
  lock.release();
  expect(faults(await checkStore(directory))).toEqual([]);
});

test('a file that is no database is a fault of that file alone', async () => {
  const directory = filledDirectory();
  writeFileSync(join(directory, 'knowledge.db'), 'not a database'.repeat(1000));
  const found = faults(await checkStore(directory));
  expect(found).toMatchObject([{ file: join(directory, 'knowledge.db'), check: 'access' }]);
  expect(found[0]?.message).toContain('STORE_CORRUPT');
});

test('a damaged page is found', async () => {
  const directory = filledDirectory();
  const path = join(directory, 'knowledge.db');
  const bytes = readFileSync(path);
  bytes.fill(0x5a, bytes.length - 6 * 4096);
  writeFileSync(path, bytes);
  expect(faults(await checkStore(directory)).map(({ file }) => file)).toContain(path);
});

test('a file of a newer program is a fault that names both versions', async () => {
  const directory = filledDirectory();
  const { database } = openConversations(directory);
  database.exec('pragma user_version=99');
  database.close();
  const found = faults(await checkStore(directory));
  expect(found).toMatchObject([{ check: 'version', message: `version 99, newer than this program's ${CONVERSATIONS_MIGRATIONS.length}` }]);
});

test('an index that lacks a chunk, and a row without its parent, are found', async () => {
  const directory = filledDirectory();
  const { database, close } = openKnowledge(directory);
  database.exec(`
    delete from lexical_1 where rowid = (select max(number) from chunk);
    pragma foreign_keys=off;
    insert into document_text (tenant, collection, document, text) values ('default', 1, 77, 'lost')`);
  const chunks = Number(database.prepare('select count(*) as chunks from chunk').get()?.['chunks']);
  close();
  expect(faults(await checkStore(directory))).toMatchObject([
    { check: 'foreign-keys', message: '1 broken: document_text without its document' },
    { check: 'index', message: `tenant default, collection default: ${chunks} chunks, ${chunks - 1} in the index` },
  ]);
});
