import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { queryOne } from '../sqlite.ts';

/** What operators chose at run time. Writes expect an open transaction. */
export class SettingRows {
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('select value from setting where tenant = ? and name = ?');
    this.#upsert = database.prepare(
      'insert into setting (tenant, name, value) values (?, ?, ?) on conflict do update set value = excluded.value',
    );
  }

  read(tenant: string, name: string): string | null {
    return queryOne<{ value: string }>(this.#select, tenant, name)?.value ?? null;
  }

  write(tenant: string, name: string, value: string): void {
    this.#upsert.run(tenant, name, value);
  }
}
