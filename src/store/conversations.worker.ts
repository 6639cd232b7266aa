import { serveWorker } from '#supervisors/kernel/handles/worker-endpoint.ts';
import { conversations } from './conversations/conversations.ts';
import type { ConversationEvent, StoreWorkerInput } from './conversations/events.ts';
import { conversationsFile } from './files.ts';
import { commitTogether, Gathering } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { CONVERSATIONS_MIGRATIONS } from './migrations/conversations.ts';
import { asStoreError, openDatabase } from './sqlite.ts';

serveWorker<StoreWorkerInput, ConversationEvent>(({ directory }) => {
  const path = conversationsFile(directory);
  const database = openDatabase(path);
  migrate(database, CONVERSATIONS_MIGRATIONS);
  const apply = asStoreError(path, () => conversations(database));
  const gathering = new Gathering<ConversationEvent>((requests) => commitTogether(database, requests, apply));
  return {
    handle: (requests) => gathering.add(requests),
    close: () => {
      gathering.flush();
      database.close();
    },
  };
});
