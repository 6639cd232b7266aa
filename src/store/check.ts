import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { Fts5Index } from '#src/adapters/lexical-index/fts5.ts';
import { ServiceError } from '#src/errors.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { conversationsFile, knowledgeFile } from './files.ts';
import type { Migrations } from './migrate.ts';
import { CONVERSATIONS_MIGRATIONS } from './migrations/conversations.ts';
import { KNOWLEDGE_MIGRATIONS } from './migrations/knowledge.ts';
import { asStoreError, openDatabase, queryAll, queryOne, userVersion } from './sqlite.ts';

/** One thing that was looked at. `file` is a path. */
export interface Finding {
  readonly file: string;
  readonly check: 'access' | 'version' | 'integrity' | 'foreign-keys' | 'index';
  readonly isOk: boolean;
  /** One sentence or figure for the operator. */
  readonly message: string;
}

/** More broken rows than this are not listed. */
const MAX_PROBLEMS = 20;

/**
 * Looks at the files of a data directory without changing them. It needs the directory's lock: when a process holds
 * it, the only finding says which. Files that are not there yet are no fault.
 */
export async function checkStore(directory: string): Promise<readonly Finding[]> {
  if (!existsSync(directory)) {
    return [{ file: directory, check: 'access', isOk: true, message: 'does not exist yet' }];
  }
  try {
    const lock = await lockDataDirectory(directory, { waitMs: 0 });
    try {
      return checkFiles(directory);
    } finally {
      lock.release();
    }
  } catch (error) {
    return [accessFailure(directory, error)];
  }
}

function checkFiles(directory: string): readonly Finding[] {
  return [
    ...checkFile(conversationsFile(directory), CONVERSATIONS_MIGRATIONS, () => []),
    ...checkFile(knowledgeFile(directory), KNOWLEDGE_MIGRATIONS, checkIndexes),
  ];
}

type Check = (database: DatabaseSync, file: string) => readonly Finding[];

function checkFile(file: string, migrations: Migrations, checkMore: Check): readonly Finding[] {
  if (!existsSync(file)) return [{ file, check: 'access', isOk: true, message: 'does not exist yet' }];
  try {
    const database = openDatabase(file, { readOnly: true });
    try {
      return asStoreError(file, () => checkDatabase(database, { file, migrations, checkMore }));
    } finally {
      database.close();
    }
  } catch (error) {
    return [accessFailure(file, error)];
  }
}

function checkDatabase(
  database: DatabaseSync,
  { file, migrations, checkMore }: { file: string; migrations: Migrations; checkMore: Check },
): readonly Finding[] {
  const version = checkVersion(database, file, migrations);
  const general = [version, checkIntegrity(database, file), checkForeignKeys(database, file)];
  const isCurrent = userVersion(database) === migrations.length;
  return isCurrent ? [...general, ...checkMore(database, file)] : general;
}

function checkVersion(database: DatabaseSync, file: string, migrations: Migrations): Finding {
  const found = userVersion(database);
  const known = migrations.length;
  const comparison = found > known ? 'newer than' : found < known ? 'older than, to be migrated to,' : 'the same as';
  const message = `version ${found}, ${comparison} this program's ${known}`;
  return { file, check: 'version', isOk: found <= known, message };
}

function checkIntegrity(database: DatabaseSync, file: string): Finding {
  const rows = queryAll<{ integrity_check: string }>(database.prepare(`pragma integrity_check(${MAX_PROBLEMS})`));
  const problems = rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  return { file, check: 'integrity', isOk: problems.length === 0, message: problems.join('; ') || 'ok' };
}

function checkForeignKeys(database: DatabaseSync, file: string): Finding {
  const broken = queryAll<{ table: string; parent: string }>(database.prepare('pragma foreign_key_check'));
  const listed = broken.slice(0, MAX_PROBLEMS).map(({ table, parent }) => `${table} without its ${parent}`);
  const message = broken.length === 0 ? 'ok' : `${broken.length} broken: ${listed.join('; ')}`;
  return { file, check: 'foreign-keys', isOk: broken.length === 0, message };
}

function checkIndexes(database: DatabaseSync, file: string): readonly Finding[] {
  const collections = queryAll<{ number: number; tenant: string; name: string }>(
    database.prepare('select number, tenant, name from collection order by number'),
  );
  const count = database.prepare('select count(*) as chunks from chunk where tenant = ? and collection = ?');
  return collections.map(({ number, tenant, name }) => {
    const chunks = queryOne<{ chunks: number }>(count, tenant, number)?.chunks ?? 0;
    const indexed = new Fts5Index(database, number).statistics([]).chunkCount;
    const message = `tenant ${tenant}, collection ${name}: ${chunks} chunks, ${indexed} in the index`;
    return { file, check: 'index', isOk: chunks === indexed, message } as const;
  });
}

function accessFailure(file: string, error: unknown): Finding {
  if (!(error instanceof ServiceError)) throw error;
  return { file, check: 'access', isOk: false, message: `${error.code}: ${error.message}` };
}
