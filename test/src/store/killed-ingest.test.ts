import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { DocumentRecord, JobRecord, Page, SearchResult } from '#src/ports/store.ts';
import { checkStore } from '#src/store/check.ts';
import { finish, index, killedJob, SCOPE, sections } from '../../support/store-examples.ts';
import { openKnowledge, temporaryDirectory } from '../../support/store-directory.ts';

const INGEST_PROCESS = new URL('../../support/ingest-process.ts', import.meta.url);
const DOCUMENTS = 400;

/** Lets a process ingest and kills it so long after it was that far. Returns what it has confirmed. */
async function ingestAndKill(directory: string, after: { done: number; delayMs: number }): Promise<number> {
  const child = spawn(process.execPath, [INGEST_PROCESS.pathname, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let confirmed = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    confirmed = Number(line);
    if (confirmed < after.done) continue;
    await sleep(after.delayMs);
    child.kill('SIGKILL');
  }
  const [, signal] = (await exited) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return confirmed;
}

test.each([
  { done: 0, delayMs: 0 },
  { done: 0, delayMs: 15 },
  { done: 32, delayMs: 3 },
  { done: 64, delayMs: 8 },
  { done: 96, delayMs: 0 },
  { done: 128, delayMs: 12 },
])('an ingest killed by SIGKILL $delayMs ms after document $done has no document half and goes on', async (point) => {
  const directory = temporaryDirectory();
  const before = openKnowledge(directory);
  index(before.write, [{ id: 'd0', text: sections(30, 'oldmark') }]);
  before.close();

  const confirmed = await ingestAndKill(directory, point);
  expect((await checkStore(directory)).filter(({ isOk }) => !isOk)).toEqual([]);

  const { read, write, database } = openKnowledge(directory);
  const job = read<JobRecord>({ type: 'get-job', ...SCOPE, job: 'killed' });
  expect(job.done).toBeGreaterThanOrEqual(confirmed);
  const { items } = read<Page<DocumentRecord>>({ type: 'list-documents', ...SCOPE, page: { limit: 1000 } });
  expect(items.length).toBe(Math.max(job.done, 1));
  const halves = database.prepare(
    'select id from document where chunk_count <> (select count(*) from chunk where chunk.document = document.number)',
  );
  expect(halves.all()).toEqual([]);
  const found = (question: string): number =>
    read<SearchResult>({ type: 'search', ...SCOPE, request: { question, limit: 100, language: 'en' } }).sources.length;
  expect(found('oldmark3') > 0).toBe(job.done === 0);
  expect(found('mark0x3') > 0).toBe(job.done > 0);

  const resumed = finish(write, 'killed');
  expect(resumed.job).toMatchObject({ state: 'succeeded', total: DOCUMENTS, done: DOCUMENTS, indexed: DOCUMENTS, failures: [] });
  expect([found('oldmark3'), found('mark399x11')]).toEqual([0, 1]);
  write(killedJob('again'));
  expect(finish(write, 'again')).toMatchObject({ epoch: resumed.epoch, job: { unchanged: DOCUMENTS } });
});
