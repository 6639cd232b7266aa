import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { ServiceError } from '#src/errors.ts';
import { conversations } from '#src/store/conversations/conversations.ts';
import type { ConversationEvent } from '#src/store/conversations/events.ts';
import { conversationsFile, knowledgeFile } from '#src/store/files.ts';
import { commitTogether, readTogether } from '#src/store/group-commit.ts';
import type { KnowledgeRead, KnowledgeWrite } from '#src/store/knowledge/events.ts';
import { KnowledgeReader } from '#src/store/knowledge/knowledge-reader.ts';
import { KnowledgeWriter } from '#src/store/knowledge/knowledge-writer.ts';
import { migrate } from '#src/store/migrate.ts';
import { CONVERSATIONS_MIGRATIONS } from '#src/store/migrations/conversations.ts';
import { KNOWLEDGE_MIGRATIONS } from '#src/store/migrations/knowledge.ts';
import { openDatabase } from '#src/store/sqlite.ts';

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'banyan-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

type Run = typeof commitTogether;

/** What came of one event of a batch. */
export type Answer = { readonly value: unknown } | { readonly error: ServiceError };

/** Applies a batch as a worker does. */
export function answersOf<Event>(run: Run, database: DatabaseSync, { events, apply }: Batch<Event>): Answer[] {
  const answers: Answer[] = [];
  const requests = events.map((event, index) => ({
    event,
    reply: (value: unknown) => void (answers[index] = { value }),
    fail: (error: ServiceError) => void (answers[index] = { error }),
  }));
  run(database, requests, apply);
  return answers;
}

interface Batch<Event> {
  readonly events: readonly Event[];
  readonly apply: (event: Event) => unknown;
}

function only<Reply>(answers: readonly Answer[]): Reply {
  const [answer] = answers;
  if (answer === undefined) throw new TypeError('no answer');
  if ('error' in answer) throw answer.error;
  return answer.value as Reply;
}

/** `conversations.db` without its worker thread. */
export function openConversations(directory: string): {
  database: DatabaseSync;
  apply<Reply>(event: ConversationEvent): Reply;
  batch(events: readonly ConversationEvent[]): Answer[];
} {
  const database = openDatabase(conversationsFile(directory));
  closeAfterTest(database);
  migrate(database, CONVERSATIONS_MIGRATIONS);
  const apply = conversations(database);
  const batch = (events: readonly ConversationEvent[]): Answer[] => answersOf(commitTogether, database, { events, apply });
  return { database, batch, apply: (event) => only(batch([event])) };
}

/** `knowledge.db` without its worker threads. */
export function openKnowledge(directory: string): {
  database: DatabaseSync;
  write<Reply>(event: KnowledgeWrite): Reply;
  read<Reply>(event: KnowledgeRead): Reply;
  close(): void;
} {
  const database = openDatabase(knowledgeFile(directory));
  closeAfterTest(database);
  migrate(database, KNOWLEDGE_MIGRATIONS);
  const writer = new KnowledgeWriter(database);
  const readDatabase = openDatabase(knowledgeFile(directory), { readOnly: true });
  closeAfterTest(readDatabase);
  const reader = new KnowledgeReader(readDatabase);
  return {
    database,
    close: () => [readDatabase, database].forEach((connection) => connection.close()),
    write: (event) => only(answersOf(commitTogether, database, { events: [event], apply: (one) => writer.apply(one) })),
    read: (event) => only(answersOf(readTogether, readDatabase, { events: [event], apply: (one) => reader.read(one) })),
  };
}

function closeAfterTest(database: DatabaseSync): void {
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
}
