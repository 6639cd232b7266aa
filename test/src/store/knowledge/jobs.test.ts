import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { ChunkRecord, DocumentRecord, JobRecord, NewDocument, Page, SearchResult } from '#src/ports/store.ts';
import type { DeleteReply, JobReply } from '#src/store/knowledge/events.ts';
import { CHUNKING, finish, index, indexJob, SCOPE, sections } from '../../../support/store-examples.ts';
import { openKnowledge, temporaryDirectory } from '../../../support/store-directory.ts';

type Knowledge = ReturnType<typeof openKnowledge>;
type Document = DocumentRecord & { chunks: ChunkRecord[] };

function open(): Knowledge {
  return openKnowledge(temporaryDirectory());
}

function getDocument(knowledge: Knowledge, document: string): Document {
  return knowledge.read<Document>({ type: 'get-document', ...SCOPE, document });
}

function documentsFound({ read }: Knowledge, question: string): string[] {
  const request = { question, limit: 50, language: 'en' };
  return read<SearchResult>({ type: 'search', ...SCOPE, request }).sources.map((source) => source.document_id);
}

function countRows({ database }: Knowledge, table: string): unknown {
  return database.prepare(`select count(*) as rows from ${table}`).get()?.['rows'];
}

function advance({ write }: Knowledge, job: string): JobReply {
  return write<JobReply>({ type: 'advance-job', ...SCOPE, job, at: 2000 });
}

describe('an index job', () => {
  test('shows nothing until it is advanced', () => {
    const knowledge = open();
    const created = knowledge.write<JobReply>(indexJob([{ id: 'a', text: 'An otter swims.' }]));
    expect(created).toMatchObject({ epoch: 0, job: { kind: 'index', state: 'queued', total: 1, done: 0, endedAt: null } });
    expect(documentsFound(knowledge, 'otter')).toEqual([]);
  });

  test('makes its documents findable and counts them', () => {
    const knowledge = open();
    const { job, epoch } = index(knowledge.write, [
      { id: 'a', text: 'An otter swims.' },
      { id: 'b', text: sections(5, 'mark') },
    ]);
    const chunks = getDocument(knowledge, 'a').chunkCount + getDocument(knowledge, 'b').chunkCount;
    expect(job).toMatchObject({ state: 'succeeded', done: 2, indexed: 2, unchanged: 0, failures: [], chunks, endedAt: 2000 });
    expect(epoch).toBe(1);
    expect(documentsFound(knowledge, 'otter')).toEqual(['a']);
  });

  test('keeps no text once it is through', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }, { id: 'b', text: ' ' }]);
    const rows = knowledge.database.prepare('select document_id, text from job_item').all();
    expect(rows.map((row) => ({ ...row }))).toEqual([{ document_id: 'b', text: null }]);
  });

  test('told twice is one job', () => {
    const { write } = open();
    const event = indexJob([{ id: 'a', text: 'An otter swims.' }]);
    const first = write<JobReply>(event);
    expect(write<JobReply>(event)).toEqual(first);
    expect(finish(write, event.job).job.indexed).toBe(1);
  });

  test('goes forward in bounded pieces', () => {
    const knowledge = open();
    const documents = Array.from({ length: 70 }, (_, at) => ({ id: `d${at}`, text: `Document ${at}.` }));
    const event = indexJob(documents);
    knowledge.write(event);
    const done = [advance(knowledge, event.job), advance(knowledge, event.job), advance(knowledge, event.job)];
    expect(done.map(({ job }) => [job.state, job.done])).toEqual([['running', 32], ['running', 64], ['succeeded', 70]]);
  });

  test('ends a piece with the document that fills it', () => {
    const knowledge = open();
    const text = 'word '.repeat(30_000);
    const event = indexJob(Array.from({ length: 4 }, (_, at) => ({ id: `d${at}`, text })));
    knowledge.write(event);
    expect(advance(knowledge, event.job).job.done).toBe(2);
  });

  test('that has ended is not moved by another advance', () => {
    const knowledge = open();
    const { job, epoch } = index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }]);
    expect(knowledge.write({ type: 'advance-job', ...SCOPE, job: job.id, at: 9000 })).toEqual({ job, epoch });
  });

  test('writes down the documents that fail and goes on', () => {
    const knowledge = open();
    const { job } = index(knowledge.write, [
      { id: 'empty', text: '' },
      { id: 'blank', text: ' \n\t' },
      { id: 'large', text: 'x'.repeat(8 * 1024 * 1024 + 1) },
      { id: 'good', text: 'An otter swims.' },
    ]);
    expect(job).toMatchObject({ state: 'succeeded', done: 4, indexed: 1 });
    const failures = job.failures.map(({ document, error }) => [document, error.code]);
    expect(failures).toEqual([['empty', 'DOCUMENT_EMPTY'], ['blank', 'DOCUMENT_EMPTY'], ['large', 'DOCUMENT_TOO_LARGE']]);
  });

  test('has failed when every document of it has', () => {
    const { job, epoch } = index(open().write, [{ id: 'a', text: '' }, { id: 'b', text: '' }]);
    expect([job.state, job.failures.length, epoch]).toEqual(['failed', 2, 0]);
  });

  test('without documents succeeds', () => {
    expect(index(open().write, []).job).toMatchObject({ state: 'succeeded', total: 0 });
  });

  test.each<[string, NewDocument[], string]>([
    ['two equal ids', [{ id: 'a', text: 'x' }, { id: 'a', text: 'y' }], 'DOCUMENT_DUPLICATE'],
    ['two ids that are stored alike', [{ id: '\ud800', text: 'x' }, { id: '\ud801', text: 'y' }], 'DOCUMENT_DUPLICATE'],
    ['an empty id', [{ id: '', text: 'x' }], 'INVALID_REQUEST'],
  ])('with %s is refused as a whole', (_, documents, code) => {
    const knowledge = open();
    expect(() => knowledge.write(indexJob(documents))).toThrow(expect.objectContaining({ code }));
    expect([countRows(knowledge, 'job'), countRows(knowledge, 'job_item')]).toEqual([0, 0]);
  });

  test('with a chunking that makes no sense is refused by name', () => {
    const { write } = open();
    const event = { ...indexJob([{ id: 'a', text: 'x' }]), chunking: { chunkSize: 0, overlap: 0 } };
    expect(() => write(event)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
  });
});

describe('a document that comes again', () => {
  const first: NewDocument = { id: 'a', text: 'An otter swims.', title: 'Otters', uri: 'file:a', metadata: { x: 1, y: 'z' } };

  test('is unchanged when nothing of it has changed, and moves no epoch', () => {
    const knowledge = open();
    index(knowledge.write, [first]);
    const before = getDocument(knowledge, 'a');
    const again = index(knowledge.write, [{ ...first, metadata: { y: 'z', x: 1 } }]);
    expect(again).toMatchObject({ epoch: 1, job: { indexed: 0, unchanged: 1, state: 'succeeded' } });
    expect(getDocument(knowledge, 'a')).toEqual(before);
  });

  test.each<[string, Partial<NewDocument>]>([
    ['text', { text: 'An otter sleeps.' }],
    ['title', { title: 'Lutrinae' }],
    ['uri', { uri: 'file:b' }],
    ['metadata', { metadata: { x: 2, y: 'z' } }],
  ])('is indexed again when its %s has changed, and moves the epoch', (_, change) => {
    const knowledge = open();
    index(knowledge.write, [first]);
    const again = index(knowledge.write, [{ ...first, ...change }]);
    expect(again).toMatchObject({ epoch: 2, job: { indexed: 1, unchanged: 0 } });
    expect(getDocument(knowledge, 'a').version).toBe(2);
  });

  test('is indexed again when it is to be cut otherwise', () => {
    const knowledge = open();
    index(knowledge.write, [first]);
    const event = { ...indexJob([first]), chunking: { ...CHUNKING, chunkSize: 32 } };
    knowledge.write(event);
    expect(finish(knowledge.write, event.job).job.indexed).toBe(1);
  });

  test('shorter leaves no chunk of the longer one', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: sections(40, 'mark') }]);
    const before = getDocument(knowledge, 'a');
    index(knowledge.write, [{ id: 'a', text: 'Only mark0 is left.' }]);
    const after = getDocument(knowledge, 'a');
    expect([before.chunkCount > 20, after.chunkCount]).toEqual([true, 1]);
    expect(documentsFound(knowledge, 'mark39')).toEqual([]);
    expect([countRows(knowledge, 'chunk'), countRows(knowledge, 'lexical_1')]).toEqual([1, 1]);
    const ids = new Set(before.chunks.map(({ id }) => id));
    expect(after.chunks.filter(({ id }) => ids.has(id))).toEqual([]);
  });

  test('with an empty text leaves the version before', () => {
    const knowledge = open();
    index(knowledge.write, [first]);
    const before = getDocument(knowledge, 'a');
    index(knowledge.write, [{ ...first, text: '' }]);
    expect(getDocument(knowledge, 'a')).toEqual(before);
  });

  test.each([true, false])('is not overwritten by an older job that is done later (changed by the younger: %s)', (changes) => {
    const knowledge = open();
    if (!changes) index(knowledge.write, [{ id: 'a', text: 'younger' }]);
    const older = indexJob([{ id: 'a', text: 'older' }]);
    knowledge.write(older);
    index(knowledge.write, [{ id: 'a', text: 'younger' }]);
    expect(finish(knowledge.write, older.job).job).toMatchObject({ state: 'succeeded', unchanged: 1, indexed: 0 });
    expect(getDocument(knowledge, 'a').chunks[0]?.text).toBe('younger');
  });
});

describe('a document that brings a fault of the program to light', () => {
  test('fails by itself, with what was written of it undone, and the job goes on', async () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: sections(3, 'old') }]);
    const before = getDocument(knowledge, 'a');
    knowledge.database.exec(`create trigger fault before insert on chunk when new.position = 20
      begin select raise(abort, 'fault'); end`);
    const warned = once(process, 'warning');
    const { job } = index(knowledge.write, [{ id: 'a', text: sections(40, 'new') }, { id: 'b', text: 'An otter swims.' }]);
    expect(job).toMatchObject({ state: 'succeeded', indexed: 1, failures: [{ document: 'a', error: { code: 'INTERNAL' } }] });
    expect(getDocument(knowledge, 'a')).toEqual(before);
    expect(countRows(knowledge, 'chunk')).toBe(countRows(knowledge, 'lexical_1'));
    const [warning] = (await warned) as [Error];
    expect(warning).toMatchObject({ code: 'BANYAN_INDEXING_FAULT', message: 'document a could not be indexed' });
  });

  test('fails by itself when it cannot even be read', () => {
    const knowledge = open();
    const event = indexJob([{ id: 'a', text: 'x' }, { id: 'b', text: 'An otter swims.' }]);
    knowledge.write(event);
    knowledge.database.exec(`update job_item set metadata = '{' where document_id = 'a'`);
    expect(finish(knowledge.write, event.job).job).toMatchObject({ indexed: 1, failures: [{ document: 'a' }] });
  });
});

describe('a reindex', () => {
  test('makes every document anew from its stored text and moves the epoch', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: sections(5, 'mark'), title: 'Given' }, { id: 'b', text: 'An otter swims.' }]);
    const before = getDocument(knowledge, 'a');
    knowledge.database.exec('delete from lexical_1');
    expect(documentsFound(knowledge, 'otter')).toEqual([]);
    knowledge.write({ type: 'create-reindex-job', ...SCOPE, job: 'r', language: 'en', at: 3000 });
    const { job, epoch } = finish(knowledge.write, 'r');
    expect({ job, epoch }).toMatchObject({ epoch: 2, job: { kind: 'reindex', state: 'succeeded', total: 2, indexed: 2 } });
    const after = getDocument(knowledge, 'a');
    expect(documentsFound(knowledge, 'otter')).toEqual(['b']);
    expect(after.chunks.map(({ text }) => text)).toEqual(before.chunks.map(({ text }) => text));
    expect([after.title, after.version]).toEqual(['Given', 2]);
  });

  test('passes over a document that was deleted meanwhile', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }, { id: 'b', text: 'A bee flies.' }]);
    knowledge.write({ type: 'create-reindex-job', ...SCOPE, job: 'r', language: 'en', at: 3000 });
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'a' });
    expect(finish(knowledge.write, 'r').job).toMatchObject({ state: 'succeeded', total: 2, done: 2, indexed: 1, unchanged: 1 });
    expect(() => getDocument(knowledge, 'a')).toThrow(expect.objectContaining({ code: 'DOCUMENT_NOT_FOUND' }));
  });

  test('of nothing succeeds', () => {
    const { write } = open();
    write({ type: 'create-reindex-job', ...SCOPE, job: 'r', language: 'en', at: 3000 });
    expect(finish(write, 'r').job).toMatchObject({ state: 'succeeded', total: 0 });
  });
});

describe('cancelling', () => {
  test('ends a job, keeps what is through and forgets the rest', () => {
    const knowledge = open();
    const event = indexJob(Array.from({ length: 40 }, (_, at) => ({ id: `d${at}`, text: `Otter ${at}.` })));
    knowledge.write(event);
    advance(knowledge, event.job);
    const cancelled = knowledge.write<JobReply>({ type: 'cancel-job', ...SCOPE, job: event.job, at: 3000 });
    expect(cancelled.job).toMatchObject({ state: 'cancelled', done: 32, endedAt: 3000 });
    expect(advance(knowledge, event.job)).toEqual(cancelled);
    expect([documentsFound(knowledge, 'otter').length, countRows(knowledge, 'job_item')]).toEqual([32, 0]);
  });

  test('leaves a job that has ended as it was', () => {
    const { write } = open();
    const done = index(write, [{ id: 'a', text: 'An otter swims.' }]);
    expect(write({ type: 'cancel-job', ...SCOPE, job: done.job.id, at: 3000 })).toEqual(done);
  });
});

describe('deleting', () => {
  test('leaves nothing to be found and moves the epoch', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: sections(10, 'mark') }, { id: 'b', text: 'mark1 is here, too.' }]);
    const { chunkCount } = getDocument(knowledge, 'a');
    const receipt = knowledge.write<DeleteReply>({ type: 'delete-document', ...SCOPE, document: 'a' });
    expect(receipt).toEqual({ chunksRemoved: chunkCount, epoch: 2 });
    expect(documentsFound(knowledge, 'mark1 mark2 part')).toEqual(['b']);
    const counts = ['document', 'document_text', 'chunk', 'lexical_1'].map((table) => countRows(knowledge, table));
    expect(counts).toEqual([1, 1, 1, 1]);
  });

  test('a document that waits in a job keeps it from coming back', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }]);
    const event = indexJob([{ id: 'a', text: 'An otter sleeps.' }, { id: 'b', text: 'A bee flies.' }]);
    knowledge.write(event);
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'a' });
    expect(finish(knowledge.write, event.job).job).toMatchObject({ state: 'succeeded', done: 2, indexed: 1, unchanged: 1 });
    expect(documentsFound(knowledge, 'otter bee')).toEqual(['b']);
  });

  test('a document that only waits is enough, and moves no epoch', () => {
    const knowledge = open();
    knowledge.write(indexJob([{ id: 'a', text: 'An otter swims.' }]));
    const receipt = knowledge.write({ type: 'delete-document', ...SCOPE, document: 'a' });
    expect(receipt).toEqual({ chunksRemoved: 0, epoch: 0 });
  });

  test('a document and bringing it again gives other chunk ids', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }]);
    const before = getDocument(knowledge, 'a').chunks[0]?.id;
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'a' });
    index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }]);
    expect(getDocument(knowledge, 'a').chunks[0]?.id).not.toBe(before);
  });
});

describe('what does not exist', () => {
  test.each(['advance-job', 'cancel-job'] as const)('%s of an unknown job is JOB_NOT_FOUND', (type) => {
    const { write } = open();
    const event = { type, ...SCOPE, job: 'none', at: 1 } as const;
    expect(() => write(event)).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }));
    index(write, [{ id: 'a', text: 'x' }]);
    expect(() => write(event)).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }));
  });

  test('is named when it is asked for', () => {
    const { read, write } = open();
    const missing = expect.objectContaining({ code: 'DOCUMENT_NOT_FOUND' });
    const job = { type: 'get-job', ...SCOPE, job: 'none' } as const;
    expect(() => read(job)).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }));
    expect(() => read({ type: 'get-document', ...SCOPE, document: 'none' })).toThrow(missing);
    expect(() => write({ type: 'delete-document', ...SCOPE, document: 'none' })).toThrow(missing);
  });
});

describe('lists', () => {
  test('jobs come latest first, the unfinished oldest first', () => {
    const { write, read } = open();
    const events = Array.from({ length: 5 }, (_, at) => indexJob([{ id: `d${at}`, text: 'x' }]));
    for (const event of events) write(event);
    finish(write, events[1]?.job ?? '');
    const ids = events.map(({ job }) => job);
    const first = read<Page<JobRecord>>({ type: 'list-jobs', ...SCOPE, page: { limit: 3 } });
    const second = read<Page<JobRecord>>({ type: 'list-jobs', ...SCOPE, page: { limit: 3, after: first.cursor ?? '' } });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.toReversed());
    expect(second.cursor).toBeNull();
    const unfinished = read<JobRecord[]>({ type: 'unfinished-jobs', ...SCOPE });
    expect(unfinished.map(({ id }) => id)).toEqual(ids.filter((id) => id !== ids[1]));
  });

  test('documents come by id', () => {
    const { write, read } = open();
    index(write, ['b', 'é', 'a', 'c'].map((id) => ({ id, text: 'x' })));
    const first = read<Page<DocumentRecord>>({ type: 'list-documents', ...SCOPE, page: { limit: 3 } });
    const page = { limit: 3, after: first.cursor ?? '' };
    const second = read<Page<DocumentRecord>>({ type: 'list-documents', ...SCOPE, page });
    expect([first, second].map(({ items }) => items.map(({ id }) => id))).toEqual([['a', 'b', 'c'], ['é']]);
  });
});
