import { writeSync } from 'node:fs';
import { conversations } from '#src/store/conversations/conversations.ts';
import type { ConversationEvent } from '#src/store/conversations/events.ts';
import { conversationsFile, knowledgeFile } from '#src/store/files.ts';
import { commitTogether } from '#src/store/group-commit.ts';
import { migrate } from '#src/store/migrate.ts';
import type { Migrations } from '#src/store/migrate.ts';
import { CONVERSATIONS_MIGRATIONS } from '#src/store/migrations/conversations.ts';
import { KNOWLEDGE_MIGRATIONS } from '#src/store/migrations/knowledge.ts';
import { openDatabase } from '#src/store/sqlite.ts';
import { toOutcomeColumns } from '#src/store/conversations/turn-row.ts';
import { answered, index, newTurn, sections } from './store-examples.ts';

/**
 * A process that writes until it is killed, and says what is on disk: `node killed-writer.ts <directory> <what> <life>`,
 * where `what` is `turns` (says `accepted <id>` and `ended <id>`) or `documents` (says `indexed <id>`).
 */
const [, , directory = '', what = '', life = ''] = process.argv;
const tenant = 'default';

/** Up to 3.5 KB: a row more or less fills a page of the file. */
const textOf = (at: number): string => 'word '.repeat((at * 37) % 700);

if (what === 'turns') writeTurns();
else await writeDocuments();

function fail(error: Error): never {
  throw error;
}

/** As the worker does: what came together shares a transaction, and is confirmed behind it. */
function open<Event>(path: string, migrations: Migrations, makeApply: (database: ReturnType<typeof openDatabase>) => (event: Event) => unknown) {
  const database = openDatabase(path);
  migrate(database, migrations);
  const health = Object.values(database.prepare('pragma integrity_check').get() ?? {})[0];
  if (health !== 'ok') throw new Error(`${path}: ${String(health)}`);
  const apply = makeApply(database);
  return (events: readonly Event[]): unknown[] => {
    const replies: unknown[] = [];
    commitTogether(database, events.map((event) => ({ event, reply: (value: unknown) => void replies.push(value), fail })), apply);
    return replies;
  };
}

/** Each transaction accepts three turns and ends those of the one before. */
function writeTurns(): void {
  const commit = open<ConversationEvent>(conversationsFile(directory), CONVERSATIONS_MIGRATIONS, conversations);
  let before: string[] = [];
  for (let at = 0; ; at += 1) {
    const ids = [0, 1, 2].map((n) => `${life}-${at}-${n}`);
    commit([
      ...ids.map((id) => ({ type: 'accept-turn', tenant, turn: newTurn(id, { session: `s${life}`, question: `What? ${textOf(at)}` }) }) as const),
      ...before.map((turn) => ({ type: 'end-turn', tenant, turn, outcome: toOutcomeColumns(answered(`So: ${textOf(at + 5)}`)), endedAt: 2000 }) as const),
    ]);
    writeSync(1, [...ids.map((id) => `accepted ${id}\n`), ...before.map((id) => `ended ${id}\n`)].join(''));
    before = ids;
  }
}

async function writeDocuments(): Promise<void> {
  const { KnowledgeWriter } = await import('#src/store/knowledge/knowledge-writer.ts');
  const commit = open(knowledgeFile(directory), KNOWLEDGE_MIGRATIONS, (database) => {
    const writer = new KnowledgeWriter(database);
    return writer.apply.bind(writer);
  });
  for (let at = 0; ; at += 1) {
    const documents = [0, 1].map((n) => ({ id: `${life}-${at}-${n}`, text: sections(1 + ((at + n) % 5), `mark${life}x${at}x${n}x`) }));
    index((event) => commit([event])[0] as never, documents, undefined, `job-${life}-${at}`);
    writeSync(1, documents.map(({ id }) => `indexed ${id}\n`).join(''));
  }
}
