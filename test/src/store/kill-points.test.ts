import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { DocumentRecord, Page, SearchResult, TurnRecord } from '#src/ports/store.ts';
import { checkStore } from '#src/store/check.ts';
import { conversationsFile, knowledgeFile } from '#src/store/files.ts';
import { openConversations, openKnowledge, temporaryDirectory } from '../../support/store-directory.ts';
import { SCOPE } from '../../support/store-examples.ts';

const WRITER = new URL('../../support/killed-writer.ts', import.meta.url).pathname;
/** A hundred in all; a writer of documents takes longer to start. */
const KILLS = { turns: 70, documents: 30 };
/** From the first thing that was confirmed. */
const LONGEST_LIFE_MS = 40;

type Kind = 'turns' | 'documents';

/** Lets a process write for a moment and kills it. Returns the lines that it has confirmed. */
async function writeAndKill(directory: string, kind: Kind, life: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WRITER, directory, kind, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = text(child.stdout);
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  await sleep(Math.random() * LONGEST_LIFE_MS);
  child.kill('SIGKILL');
  const [, signal] = (await exited) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return (await said).split('\n').slice(0, -1);
}

/** One life after the other on the same files, each of which has to open what the one before left. */
async function liveAndDie(directory: string, kind: Kind): Promise<readonly string[]> {
  const confirmed: string[] = [];
  const file = kind === 'turns' ? conversationsFile(directory) : knowledgeFile(directory);
  for (let life = 0; life < KILLS[kind]; life += 1) {
    confirmed.push(...(await writeAndKill(directory, kind, life)));
    // The half of a write that a dying machine may leave behind the last whole one.
    if (life % 3 === 0) appendFileSync(`${file}-wal`, Buffer.alloc(1 + ((life * 997) % 5000), life));
  }
  return confirmed;
}

const idsOf = (lines: readonly string[], what: string): readonly string[] => lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));

function checkTurns(directory: string, confirmed: readonly string[]): void {
  const { apply, database } = openConversations(directory);
  const stateOf = (turn: string): string => apply<TurnRecord>({ type: 'get-turn', tenant: 'default', turn }).state;
  const ended = idsOf(confirmed, 'ended');
  expect(ended.length).toBeGreaterThan(KILLS.turns);
  expect(ended.filter((id) => stateOf(id) !== 'answered')).toEqual([]);
  expect(idsOf(confirmed, 'accepted').filter((id) => !['accepted', 'answered'].includes(stateOf(id)))).toEqual([]);
  const halves = [
    `select id from turn where not exists (select 1 from message where message.turn = turn.id and role = 'user')`,
    `select id from turn where (state = 'answered') <> exists (select 1 from message where message.turn = turn.id and role = 'assistant')`,
    'select id from session where turn_count <> (select count(*) from turn where turn.session = session.id)',
  ];
  expect(halves.flatMap((sql) => database.prepare(sql).all())).toEqual([]);
}

function checkDocuments(directory: string, confirmed: readonly string[]): void {
  const { read, database } = openKnowledge(directory);
  expect(confirmed.length).toBeGreaterThan(KILLS.documents);
  const held = new Set<string>();
  for (let after: string | null | undefined; after !== null; ) {
    const page: Page<DocumentRecord> = read({ type: 'list-documents', ...SCOPE, page: { limit: 1000, ...(after === undefined ? {} : { after }) } });
    for (const { id } of page.items) held.add(id);
    after = page.cursor;
  }
  expect(confirmed.filter((id) => !held.has(id))).toEqual([]);
  const halves = 'select id from document where chunk_count <> (select count(*) from chunk where chunk.document = document.number)';
  expect(database.prepare(halves).all()).toEqual([]);
  for (const id of confirmed.filter((_, at) => at % 10 === 0)) {
    const question = `mark${id.replaceAll('-', 'x')}x0`;
    expect(read<SearchResult>({ type: 'search', ...SCOPE, request: { question, limit: 5, language: 'en' } }).sources).toMatchObject([{ document_id: id }]);
  }
}

test('after 100 kills in the midst of writing nothing that was confirmed is lost, and nothing is half', { timeout: 120_000 }, async () => {
  const [turns, documents] = [temporaryDirectory(), temporaryDirectory()];
  const [turnLines, documentLines] = await Promise.all([liveAndDie(turns, 'turns'), liveAndDie(documents, 'documents')]);
  for (const directory of [turns, documents]) expect((await checkStore(directory)).filter(({ isOk }) => !isOk)).toEqual([]);
  checkTurns(turns, turnLines);
  checkDocuments(documents, idsOf(documentLines, 'indexed'));
});
