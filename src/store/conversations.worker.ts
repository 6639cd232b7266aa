import { serveWorker } from '#supervisors/kernel/handles/worker-endpoint.ts';
import { conversations } from './conversations/conversations.ts';
import type { ConversationEvent, StoreWorkerInput } from './conversations/events.ts';
import { conversationsFile } from './files.ts';
import { commitTogether, Gathering } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { CONVERSATIONS_MIGRATIONS } from './migrations/conversations.ts';
import { asStoreError, openDatabase, WAL_LIMIT_BYTES } from './sqlite.ts';

/**
 * A checkpoint is two more fsyncs, and all who wait for the commit wait for them. SQLite's 4 MB are full ten times a
 * second when 2000 questions are accepted, these two to three times: what is written again and again (the newest rows,
 * the ends of the indexes) is carried over less often. Other files keep the 4 MB: a larger piece would hold up the fsyncs
 * of this one.
 */
const CHECKPOINT_BYTES = 0.95 * WAL_LIMIT_BYTES;

serveWorker<StoreWorkerInput, ConversationEvent>(({ directory }) => {
  const path = conversationsFile(directory);
  const database = openDatabase(path, { checkpointBytes: CHECKPOINT_BYTES });
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
