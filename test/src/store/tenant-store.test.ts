import { writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ServiceError } from '#src/errors.ts';
import type { JobRecord, KnowledgeStore, NewDocument } from '#src/ports/store.ts';
import { conversationsFile, knowledgeFile } from '#src/store/files.ts';
import { openDatabase } from '#src/store/sqlite.ts';
import { createStore, STORE_ACTORS } from '#src/store/tenant-store.ts';
import { answered, cachedTurn, CHUNKING, hasEnded, newTurn } from '../../support/store-examples.ts';
import { temporaryDirectory } from '../../support/store-directory.ts';
import { StoreWorkers } from '../../support/store-workers.ts';

const { conversations, knowledgeReader, knowledgeWriter } = STORE_ACTORS;

async function startWorkers(directory: string, restartWaitMs = 2000): Promise<StoreWorkers> {
  const workers = await new StoreWorkers(directory, restartWaitMs).start();
  onTestFinished(() => workers.stop());
  return workers;
}

async function indexAll(knowledge: KnowledgeStore, documents: readonly NewDocument[]): Promise<JobRecord> {
  let job = await knowledge.createIndexJob(documents, CHUNKING);
  while (!hasEnded(job)) job = await knowledge.advanceJob(job.id);
  return job;
}

describe('the store over its workers', () => {
  test('does for a tenant all that a conversation needs', async () => {
    const { store } = await startWorkers(temporaryDirectory());
    const tenant = store.tenant('default');
    expect(tenant.tenant).toBe('default');
    await tenant.conversations.acceptTurn(newTurn('t1'));
    expect(await tenant.conversations.unfinishedTurns()).toHaveLength(1);
    expect(await tenant.conversations.unfinishedTurns('other')).toHaveLength(0);
    expect(await tenant.conversations.endTurn('t1', answered('Yes.'), 2000)).toBe(true);
    await tenant.conversations.recordCachedTurn(cachedTurn('t2', 'Kept.'));
    expect((await tenant.conversations.getTurn('t2')).end).toMatchObject({ answer: 'Kept.', cache_hit: true });
    await tenant.conversations.deleteSession('s-t2');
    await tenant.conversations.addFeedback({ turn: 't1', rating: 'up', comment: 'good' }, 4000);
    expect((await tenant.conversations.getTurn('t1')).end?.answer).toBe('Yes.');
    expect((await tenant.conversations.listTurns('s1', { limit: 1 })).items).toHaveLength(1);
    expect((await tenant.conversations.listSessions({ limit: 10 })).items).toEqual([await tenant.conversations.getSession('s1')]);
    await tenant.conversations.deleteSession('s1');
    await expect(tenant.conversations.getSession('s1')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('does for a tenant all that its documents need', async () => {
    const { store } = await startWorkers(temporaryDirectory());
    const { knowledge } = store.tenant('default');
    const job = await indexAll(knowledge, [{ id: 'a', text: 'An otter swims.' }, { id: 'b', text: 'A bee flies.' }]);
    expect(await knowledge.getJob(job.id)).toEqual(job);
    const reindex = await knowledge.createReindexJob();
    expect(await knowledge.unfinishedJobs()).toEqual([reindex]);
    expect((await knowledge.cancelJob(reindex.id)).state).toBe('cancelled');
    expect((await knowledge.listJobs({ limit: 10 })).items.map(({ id }) => id)).toEqual([reindex.id, job.id]);
    expect((await knowledge.listDocuments({ limit: 10 })).items).toHaveLength(2);
    expect((await knowledge.getDocument('a')).chunks).toHaveLength(1);
    expect((await knowledge.search({ question: 'otter', limit: 5, language: 'en' })).sources).toHaveLength(1);
    expect(await knowledge.deleteDocument('a')).toEqual({ chunksRemoved: 1, epoch: 2 });
    expect((await knowledge.search({ question: 'otter', limit: 5, language: 'en' })).sources).toEqual([]);
  });

  test('hundreds of callers at once are each answered for themselves', async () => {
    const { store } = await startWorkers(temporaryDirectory());
    const { conversations } = store.tenant('default');
    const calls = Array.from({ length: 300 }, (_, at) => {
      const askId = at % 3 === 0 ? 'same' : `ask${at}`;
      return conversations.acceptTurn(newTurn(`t${at}`, { askId, question: `Question ${at}?` }));
    });
    const results = await Promise.allSettled(calls);
    const refused = results.flatMap((result, at) => (result.status === 'rejected' ? [at] : []));
    expect(refused).toEqual(Array.from({ length: 99 }, (_, at) => 3 * (at + 1)));
    expect((await conversations.getSession('s1')).turnCount).toBe(201);
  });
});

describe('a worker that restarts', () => {
  test.each([conversations, knowledgeWriter, knowledgeReader])('%s is waited for', async (name) => {
    const workers = await startWorkers(temporaryDirectory());
    const tenant = workers.store.tenant('default');
    await workers.kill(name);
    const calls = Promise.all([
      tenant.conversations.acceptTurn(newTurn('t1')),
      tenant.knowledge.createIndexJob([{ id: 'a', text: 'An otter swims.' }], CHUNKING),
      tenant.knowledge.search({ question: 'otter', limit: 1, language: 'en' }),
    ]);
    await workers.startWorker(name);
    await expect(calls).resolves.toHaveLength(3);
  });

  test('has what it confirmed, and is told again what it had not', async () => {
    const workers = await startWorkers(temporaryDirectory());
    const { conversations: store } = workers.store.tenant('default');
    await store.acceptTurn(newTurn('t0'));
    const calls = Array.from({ length: 50 }, (_, at) => store.acceptTurn(newTurn(`t${at}`)));
    await workers.kill(conversations);
    await workers.startWorker(conversations);
    const accepted = await Promise.all(calls);
    expect(accepted.map(({ repeated }) => repeated)).not.toContain(true);
    expect((await store.getSession('s1')).turnCount).toBe(50);
  });

  test('and stays down is STORE_UNAVAILABLE, retryable, after the wait', async () => {
    const workers = await startWorkers(temporaryDirectory(), 50);
    await workers.kill(knowledgeReader);
    const { knowledge } = workers.store.tenant('default');
    const error: unknown = await knowledge.listDocuments({ limit: 1 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', isRetryable: true, retryAfterMs: 1000 });
  });

  test('a call that was done before its reply was lost is not done twice', async () => {
    const workers = await startWorkers(temporaryDirectory());
    const lossy = createStore({
      ask: async (name, event) => {
        const reply = await workers.ask(name, event);
        if (!lost.has(event.type)) {
          lost.add(event.type);
          throw new ServiceError('ACTOR_DOWN');
        }
        return reply;
      },
      whenUp: () => Promise.resolve(),
    });
    lossy.writerUp({ epochs: [] });
    const lost = new Set(['get-session', 'advance-job']);
    const { conversations: store, knowledge } = lossy.tenant('default');
    expect(await store.acceptTurn(newTurn('t1'))).toMatchObject({ repeated: false });
    expect(await store.endTurn('t1', answered('Yes.'), 2000)).toBe(true);
    await store.recordCachedTurn(cachedTurn('t2', 'Kept.'));
    expect((await store.getSession('s-t2')).turnCount).toBe(1);
    expect((await store.getSession('s1')).turnCount).toBe(1);
    await indexAll(knowledge, [{ id: 'a', text: 'An otter swims.' }]);
    expect((await knowledge.listJobs({ limit: 10 })).items).toHaveLength(1);
    expect(await knowledge.deleteDocument('a')).toEqual({ chunksRemoved: 0, epoch: 1 });
    await expect(store.deleteSession('s1')).resolves.toBeUndefined();
  });
});

describe('the epoch', () => {
  test('is 0 before anything was written, and what the last reply told after it', async () => {
    const { store } = await startWorkers(temporaryDirectory());
    const { knowledge } = store.tenant('default');
    expect(knowledge.epoch()).toBe(0);
    await indexAll(knowledge, [{ id: 'a', text: 'An otter swims.' }]);
    expect(knowledge.epoch()).toBe(1);
    await indexAll(knowledge, [{ id: 'a', text: 'An otter swims.' }]);
    expect(knowledge.epoch()).toBe(1);
    await knowledge.deleteDocument('a');
    expect(knowledge.epoch()).toBe(2);
    expect(store.tenant('other').knowledge.epoch()).toBe(0);
  });

  test('is unknown while the writer is down, and right as soon as it is up', async () => {
    const workers = await startWorkers(temporaryDirectory());
    const { knowledge } = workers.store.tenant('default');
    await indexAll(knowledge, [{ id: 'a', text: 'An otter swims.' }]);
    await workers.kill(knowledgeWriter);
    expect(knowledge.epoch()).toBeUndefined();
    await workers.startWorker(knowledgeWriter);
    expect(knowledge.epoch()).toBe(1);
  });

  test('never goes back when replies come out of their order', async () => {
    const epochs = [3, 2];
    const store = createStore({
      ask: () => Promise.resolve({ chunksRemoved: 1, epoch: epochs.shift() }),
      whenUp: () => Promise.resolve(),
    });
    const { knowledge } = store.tenant('default');
    store.writerUp({ epochs: [{ tenant: 'default', collection: 'default', epoch: 1 }] });
    await knowledge.deleteDocument('a');
    await knowledge.deleteDocument('b');
    expect(knowledge.epoch()).toBe(3);
  });
});

describe('the start of a worker', () => {
  test.each([conversations, knowledgeWriter])('%s fails with STORE_TOO_NEW for a file of a newer program', async (name) => {
    const directory = temporaryDirectory();
    const workers = await startWorkers(directory);
    await workers.stop();
    const file = name === conversations ? conversationsFile(directory) : knowledgeFile(directory);
    const database = openDatabase(file);
    database.exec('pragma user_version=99');
    database.close();
    await expect(new StoreWorkers(directory).startWorker(name)).rejects.toMatchObject({ code: 'STORE_TOO_NEW' });
  });

  test.each([conversations, knowledgeWriter])('%s fails with STORE_CORRUPT for a file that is no database', async (name) => {
    const directory = temporaryDirectory();
    const file = name === conversations ? conversationsFile(directory) : knowledgeFile(directory);
    writeFileSync(file, 'not a database'.repeat(1000));
    await expect(new StoreWorkers(directory).startWorker(name)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});
