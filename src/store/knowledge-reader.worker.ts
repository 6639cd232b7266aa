import { serveWorker } from '#supervisors/kernel/handles/worker-endpoint.ts';
import type { StoreWorkerInput } from './conversations/events.ts';
import { knowledgeFile } from './files.ts';
import { readTogether } from './group-commit.ts';
import type { KnowledgeRead } from './knowledge/events.ts';
import { KnowledgeReader } from './knowledge/knowledge-reader.ts';
import { refuseNewer } from './migrate.ts';
import { KNOWLEDGE_MIGRATIONS } from './migrations/knowledge.ts';
import { asStoreError, openDatabase } from './sqlite.ts';

/** Starts after the writer, which makes the file and its schema. */
serveWorker<StoreWorkerInput, KnowledgeRead>(({ directory }) => {
  const path = knowledgeFile(directory);
  const database = openDatabase(path, { readOnly: true });
  refuseNewer(database, KNOWLEDGE_MIGRATIONS);
  const reader = asStoreError(path, () => new KnowledgeReader(database));
  return {
    handle: (requests) => readTogether(database, requests, (event) => reader.read(event)),
    close: () => database.close(),
  };
});
