import type { DatabaseSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import { asStoreError, pathOf, transaction, userVersion } from './sqlite.ts';

/** SQL scripts in their order. The n-th brings a file from version n-1 to n; one that was released never changes. */
export type Migrations = readonly string[];

/**
 * Brings a file to the version of this program, each step in a transaction of its own.
 * Throws `STORE_TOO_NEW`, having touched nothing, for a file of a newer program.
 */
export function migrate(database: DatabaseSync, migrations: Migrations): void {
  const found = userVersion(database);
  refuseNewer(database, migrations);
  asStoreError(pathOf(database), () => {
    for (let version = found + 1; version <= migrations.length; version += 1) {
      applyMigration(database, migrations[version - 1] ?? '', version);
    }
  });
}

function applyMigration(database: DatabaseSync, script: string, version: number): void {
  transaction(database, 'immediate', () => {
    database.exec(script);
    database.exec(`pragma user_version=${version}`);
  });
}

/** Throws `STORE_TOO_NEW` when the file has seen migrations that this program does not know. */
export function refuseNewer(database: DatabaseSync, migrations: Migrations): void {
  const found = userVersion(database);
  const known = migrations.length;
  if (found <= known) return;
  const path = pathOf(database);
  throw new ServiceError('STORE_TOO_NEW', `${path} has version ${found}; this program knows versions up to ${known}`, {
    details: [{ field: path, expected: `version ${known} or older`, got: `version ${found}` }],
  });
}
