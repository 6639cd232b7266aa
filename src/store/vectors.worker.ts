import { DatabaseSync } from 'node:sqlite';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serveWorker } from '#supervisors/kernel/handles/worker-endpoint.ts';
import { migrate } from './migrate.ts';
import { VECTORS_MIGRATIONS } from './migrations/vectors.ts';
import { asStoreError, openDatabase } from './sqlite.ts';
import type { VectorsEvent, VectorsWorkerInput } from './vectors/events.ts';
import { Vectors } from './vectors/vectors.ts';

/** Of SQLite's usual pages of 4096 bytes a vector of 1024 dimensions leaves half empty. */
const PAGE_BYTES = 16_384;

serveWorker<VectorsWorkerInput, VectorsEvent>((input) => {
  const path = join(input.directory, 'vectors.db');
  if (!existsSync(path)) asStoreError(path, () => createWithPages(path));
  const database = openDatabase(path);
  migrate(database, VECTORS_MIGRATIONS);
  const vectors = asStoreError(path, () => new Vectors(database, input));
  void vectors.load();
  return {
    handle: (requests) => vectors.handle(requests),
    close: () => vectors.close(),
  };
});

/** The size of pages is fixed before the first one is written. */
function createWithPages(path: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec(`pragma page_size=${PAGE_BYTES}; pragma journal_mode=wal`);
  } finally {
    database.close();
  }
}
