import { describe, expect, test } from 'vitest';
import { createIngest, JOBS } from '#agents/ingest/ingest.agent.ts';
import type { JobRecord, NewDocument } from '#src/ports/store.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import type { Conversations } from '../../support/start-conversations.ts';
import { startConversations } from '../../support/start-conversations.ts';

const CHUNKING = { chunkSize: 512, overlap: 50 };

const documents = (count: number, words = 50): NewDocument[] =>
  Array.from({ length: count }, (_, index) => ({ id: `d${index}.md`, text: `# Document ${index}\n\n${'supervisor restarts child '.repeat(words)}` }));

const start = (env = {}): Promise<Conversations> => startConversations({ models: [new ScriptedModel()], env });

describe('ingest', () => {
  test('a job indexes its documents and tells how many', async () => {
    const { ingest, store } = await start();
    const job = await ingest.index(documents(3), CHUNKING);
    expect(await ingest.whenEnded(job.id)).toMatchObject({ state: 'succeeded', total: 3, done: 3, indexed: 3, unchanged: 0, failures: [] });
    expect((await store.knowledge.listDocuments({ limit: 10 })).items).toHaveLength(3);
    const again = await ingest.index(documents(3), CHUNKING);
    expect(await ingest.whenEnded(again.id)).toMatchObject({ state: 'succeeded', indexed: 0, unchanged: 3 });
  });

  test.for<[string, NewDocument[], string, string]>([
    ['no documents', [], 'INVALID_REQUEST', 'documents'],
    ['an empty id', [{ id: ' ', text: 'x' }], 'INVALID_REQUEST', 'documents[0].id'],
    ['a control character in an id', [{ id: 'a\u0000b', text: 'x' }], 'INVALID_REQUEST', 'documents[0].id'],
    ['a control character beyond ASCII in an id', [{ id: 'a\u009bb', text: 'x' }], 'INVALID_REQUEST', 'documents[0].id'],
    ['two equal ids', [{ id: 'a', text: 'x' }, { id: 'b', text: 'x' }, { id: 'a', text: 'y' }], 'DOCUMENT_DUPLICATE', 'documents[2].id'],
    ['a document without text', [{ id: 'a', text: 'x' }, { id: 'b', text: ' \n' }], 'DOCUMENT_EMPTY', 'documents[1].text'],
    ['a document above the limit', [{ id: 'a', text: 'é'.repeat(600) }], 'DOCUMENT_TOO_LARGE', 'documents[0].text'],
  ])('%s is refused by name and nothing is taken', async ([, batch, code, field]) => {
    const { ingest, store } = await start({ BANYAN_MAX_DOCUMENT_BYTES: '1024' });
    await expect(ingest.index(batch, CHUNKING)).rejects.toMatchObject({ code, details: [{ field }] });
    expect((await store.knowledge.listJobs({ limit: 10 })).items).toEqual([]);
  });

  test.for([JOBS, 'knowledge', 'store'])('a job goes on when %s is killed in mid-work, and every document is there once', async (name) => {
    const { ingest, store, kernel } = await start();
    const job = await ingest.index(documents(300, 400), CHUNKING);
    await eventually(async () => expect((await store.knowledge.getJob(job.id)).done).toBeGreaterThan(0));
    kernel.kill(name);
    expect(await ingest.whenEnded(job.id)).toMatchObject({ state: 'succeeded', done: 300, failures: [] });
    expect((await store.knowledge.listDocuments({ limit: 1000 })).items.map(({ id }) => id)).toHaveLength(300);
  });

  test('a cancelled job keeps what is through and takes no more', async () => {
    const { ingest, store } = await start();
    const job = await ingest.index(documents(500, 400), CHUNKING);
    const ended = await ingest.cancel(job.id);
    expect(ended.state).toBe('cancelled');
    expect(ended.done).toBeLessThan(500);
    expect((await store.knowledge.listDocuments({ limit: 1000 })).items).toHaveLength(ended.indexed);
    expect(await ingest.cancel(job.id)).toMatchObject({ state: 'cancelled' });
  });

  test('a cancel stands though its runner dies before the store hears of it', async () => {
    const { store, kernel } = await start();
    let tries = 0;
    const cancelJob = (job: string): Promise<JobRecord> => {
      tries += 1;
      if (tries === 1) kernel.kill(`job:${job}`);
      return tries === 1 ? Promise.reject(new Error('killed')) : store.knowledge.cancelJob(job);
    };
    const knowledge = new Proxy(store.knowledge, {
      get: (target, name) => (name === 'cancelJob' ? cancelJob : (Reflect.get(target, name) as () => void).bind(target)),
    });
    const ingest = createIngest({ kernel, store: { ...store, knowledge }, maxDocumentBytes: 1_000_000 });
    const job = await ingest.index(documents(500, 400), CHUNKING);
    expect((await ingest.cancel(job.id)).state).toBe('cancelled');
  });

  test('an unknown job is refused', async () => {
    const { ingest } = await start();
    await expect(ingest.whenEnded('nope')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    await expect(ingest.cancel('nope')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  test('who waits for a job may stop waiting, the job goes on', async () => {
    const { ingest } = await start();
    const job = await ingest.index(documents(200, 400), CHUNKING);
    const controller = new AbortController();
    const waiting = ingest.whenEnded(job.id, controller.signal);
    controller.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    expect(await ingest.whenEnded(job.id)).toMatchObject({ state: 'succeeded', indexed: 200 });
  });
});
