import { serveWorker } from '#supervisors/kernel/handles/worker-endpoint.ts';
import type { StoreWorkerInput } from './conversations/events.ts';
import { knowledgeFile } from './files.ts';
import { commitTogether } from './group-commit.ts';
import type { KnowledgeWrite } from './knowledge/events.ts';
import { KnowledgeWriter } from './knowledge/knowledge-writer.ts';
import { migrate } from './migrate.ts';
import { KNOWLEDGE_MIGRATIONS } from './migrations/knowledge.ts';
import { asStoreError, openDatabase } from './sqlite.ts';
import { yieldToOtherThreads } from './thread-priority.ts';

serveWorker<StoreWorkerInput, KnowledgeWrite>(({ directory }) => {
  yieldToOtherThreads();
  const path = knowledgeFile(directory);
  const database = openDatabase(path);
  migrate(database, KNOWLEDGE_MIGRATIONS);
  const writer = asStoreError(path, () => new KnowledgeWriter(database));
  return {
    handle: (requests) => commitTogether(database, requests, (event) => writer.apply(event)),
    info: asStoreError(path, () => writer.info()),
    close: () => database.close(),
  };
});
