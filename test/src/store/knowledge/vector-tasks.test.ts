import { describe, expect, test } from 'vitest';
import type { Source } from '#src/ports/answer.ts';
import { toErrorBody, ServiceError } from '#src/errors.ts';
import type { JobRecord, NewDocument, SearchResult, VectorBacklog, VectorTask } from '#src/ports/store.ts';
import { vectorId, versionPrefix } from '#src/rag/vector-id.ts';
import type { JobReply, VectorsReply } from '#src/store/knowledge/events.ts';
import { openKnowledge, temporaryDirectory } from '../../../support/store-directory.ts';
import { finish, index, indexJob, SCOPE, sections } from '../../../support/store-examples.ts';

const BINDING = { model: 'hashed:words', dimension: 64, index: 'memory:one' };
const OTHER_SCOPE = { tenant: 'other', collection: 'default' };
const FAILED = toErrorBody(new ServiceError('EMBEDDING_FAILED'));

type Knowledge = ReturnType<typeof openKnowledge>;

const open = (): Knowledge => openKnowledge(temporaryDirectory());

function bind({ write }: Knowledge, binding = BINDING, scope = SCOPE): void {
  write({ type: 'bind-embedding', ...scope, binding, language: 'en' });
}

function tasks({ read }: Knowledge, limit = 1000, scope = SCOPE): readonly VectorTask[] {
  return read<VectorTask[]>({ type: 'next-vector-tasks', ...scope, limit });
}

const summary = (knowledge: Knowledge): string[] => tasks(knowledge).map(({ kind, document }) => `${kind} ${document}`);

function end({ write }: Knowledge, numbers: readonly number[], error?: typeof FAILED, scope = SCOPE): VectorsReply {
  const ended = numbers.map((number) => (error === undefined ? { number } : { number, error }));
  return write<VectorsReply>({ type: 'end-vector-tasks', ...scope, ended });
}

const numbersOf = (knowledge: Knowledge): number[] => tasks(knowledge).map(({ number }) => number);

const backlog = ({ read }: Knowledge, scope = SCOPE): VectorBacklog => read({ type: 'vector-backlog', ...scope });

const documents = (count: number): NewDocument[] => Array.from({ length: count }, (_, at) => ({ id: `d${at}`, text: `# Part ${at}\n\nOf number ${at}.` }));

describe('the outbox of vectors', () => {
  test('stays empty in a collection without an embedding model', () => {
    const knowledge = open();
    index(knowledge.write, documents(3));
    index(knowledge.write, [{ id: 'd0', text: 'Changed.' }]);
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'd1' });
    expect(tasks(knowledge)).toEqual([]);
    expect(backlog(knowledge)).toEqual({ pending: 0, failed: 0 });
  });

  test('has every new version, with the ids, texts and headings of its chunks', () => {
    const knowledge = open();
    bind(knowledge);
    const text = sections(3, 'mark');
    index(knowledge.write, [{ id: 'guide é', text, title: 'The guide', uri: 'a/b', metadata: { lang: 'en' } }]);
    const [task, ...others] = tasks(knowledge);
    expect(others).toEqual([]);
    expect(task).toMatchObject({ kind: 'upsert', document: 'guide é', title: 'The guide', uri: 'a/b', metadata: { lang: 'en' } });
    const chunks = task?.kind === 'upsert' ? task.chunks : [];
    expect(chunks.map(({ id }) => id)).toEqual(chunks.map((_, at) => vectorId('guide é', 1, at)));
    expect(chunks.map(({ text: part, headings }) => [headings.at(-1), part.includes('mark')])).toEqual(
      chunks.map((_, at) => [`Part ${at}`, true]),
    );
  });

  test('has a deletion of the old version and the new one when a document is replaced, made or not', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, [{ id: 'a', text: 'One.' }]);
    index(knowledge.write, [{ id: 'a', text: 'Two.' }]);
    end(knowledge, numbersOf(knowledge));
    index(knowledge.write, [{ id: 'a', text: 'Three.' }]);
    const [first, second] = tasks(knowledge);
    expect(first).toMatchObject({ kind: 'delete', document: 'a', prefix: versionPrefix('a', 2) });
    expect(second).toMatchObject({ kind: 'upsert', document: 'a', chunks: [{ text: 'Three.' }] });
  });

  test('has only the deletion of a document that was deleted before its vectors were made', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(2));
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'd0' });
    expect(summary(knowledge)).toEqual(['upsert d1', 'delete d0']);
  });

  test('has nothing of an unchanged document, nor of one that failed', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(1));
    end(knowledge, numbersOf(knowledge));
    index(knowledge.write, [...documents(1), { id: 'blank', text: ' ' }]);
    expect(tasks(knowledge)).toEqual([]);
  });

  test('has every document again after a reindex', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(2));
    end(knowledge, numbersOf(knowledge));
    knowledge.write({ type: 'create-reindex-job', ...SCOPE, job: 'again', language: 'en', at: 1 });
    finish(knowledge.write, 'again');
    expect(summary(knowledge)).toEqual(['delete d0', 'upsert d0', 'delete d1', 'upsert d1']);
  });

  test('is given in order, as many as asked for, and no more than a million characters at a time', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(5));
    expect(tasks(knowledge, 2).map(({ document }) => document)).toEqual(['d0', 'd1']);
    end(knowledge, numbersOf(knowledge));
    const text = 'word '.repeat(130_000);
    index(knowledge.write, Array.from({ length: 4 }, (_, at) => ({ id: `large${at}`, text })));
    expect(tasks(knowledge).map(({ document }) => document)).toEqual(['large0', 'large1']);
  });

  test('passes over a task that is ended after its document was replaced', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, [{ id: 'a', text: 'One.' }]);
    const old = numbersOf(knowledge);
    index(knowledge.write, [{ id: 'a', text: 'Two.' }]);
    expect(end(knowledge, old, FAILED).backlog).toEqual({ pending: 2, failed: 0 });
    expect(end(knowledge, old).backlog).toEqual({ pending: 2, failed: 0 });
    expect(summary(knowledge)).toEqual(['delete a', 'upsert a']);
  });

  test('belongs to one tenant', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(2));
    index(knowledge.write, documents(2), OTHER_SCOPE);
    expect(tasks(knowledge, 10, OTHER_SCOPE)).toEqual([]);
    end(knowledge, numbersOf(knowledge), undefined, OTHER_SCOPE);
    expect(backlog(knowledge)).toEqual({ pending: 2, failed: 0 });
    expect(backlog(knowledge, { tenant: 'nobody', collection: 'default' })).toEqual({ pending: 0, failed: 0 });
  });

  test('raises the epoch when vectors have come, not when they are gone', () => {
    const knowledge = open();
    bind(knowledge);
    const { epoch } = index(knowledge.write, documents(1));
    expect(end(knowledge, numbersOf(knowledge)).epoch).toBe(epoch + 1);
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'd0' });
    expect(end(knowledge, numbersOf(knowledge)).epoch).toBe(epoch + 2);
  });
});

describe('binding an embedding model', () => {
  test('queues the documents that are there once', () => {
    const knowledge = open();
    index(knowledge.write, documents(3));
    bind(knowledge);
    bind(knowledge);
    expect(summary(knowledge)).toEqual(['upsert d0', 'upsert d1', 'upsert d2']);
    end(knowledge, numbersOf(knowledge));
    bind(knowledge);
    expect(summary(knowledge)).toEqual([]);
  });

  test('makes the collection where there is none', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(1));
    expect(summary(knowledge)).toEqual(['upsert d0']);
  });

  test('queues them again for an index that has lost its vectors', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(2));
    end(knowledge, numbersOf(knowledge));
    knowledge.write({ type: 'bind-embedding', ...SCOPE, binding: BINDING, again: true, language: 'en' });
    expect(summary(knowledge)).toEqual(['upsert d0', 'upsert d1']);
  });

  test('queues all documents once more for another index, and nothing that was meant for the one before', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(2));
    end(knowledge, numbersOf(knowledge), FAILED);
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'd0' });
    bind(knowledge, { ...BINDING, index: 'memory:two' });
    expect(summary(knowledge)).toEqual(['upsert d1']);
    expect(backlog(knowledge)).toEqual({ pending: 1, failed: 0 });
  });

  test.for([{ model: 'other:words' }, { dimension: 128 }])('is refused for %o, saying what to do', (change) => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(1));
    expect(() => bind(knowledge, { ...BINDING, ...change })).toThrow(
      expect.objectContaining({ code: 'EMBEDDING_MISMATCH', message: expect.stringMatching(/set the model of before again.*another collection/) as string }),
    );
    expect(summary(knowledge)).toEqual(['upsert d0']);
  });
});

const advance = ({ write }: Knowledge, job: string, awaitsVectors: boolean): JobRecord =>
  write<JobReply>({ type: 'advance-job', ...SCOPE, job, awaitsVectors, at: 3000 }).job;

function startJob(knowledge: Knowledge, given: readonly NewDocument[]): string {
  const event = indexJob(given);
  knowledge.write(event);
  return event.job;
}

describe('a job whose documents get vectors', () => {
  test('ends when its vectors are through, not when those of another job are', () => {
    const knowledge = open();
    bind(knowledge);
    const job = startJob(knowledge, documents(2));
    expect(advance(knowledge, job, true)).toMatchObject({ state: 'running', done: 2, pendingVectors: 2, endedAt: null });
    const own = numbersOf(knowledge);
    index(knowledge.write, [{ id: 'z', text: 'Of another job.' }]);
    end(knowledge, own);
    expect(advance(knowledge, job, true)).toMatchObject({ state: 'succeeded', indexed: 2, pendingVectors: 0, failures: [] });
    expect(summary(knowledge)).toEqual(['upsert z']);
  });

  test('waits also when its documents were through before a model was bound', () => {
    const knowledge = open();
    const job = startJob(knowledge, documents(2));
    expect(advance(knowledge, job, true)).toMatchObject({ state: 'running', done: 2, pendingVectors: 0 });
    bind(knowledge);
    expect(advance(knowledge, job, true)).toMatchObject({ state: 'running', pendingVectors: 2 });
    end(knowledge, numbersOf(knowledge));
    expect(advance(knowledge, job, true).state).toBe('succeeded');
  });

  test('ends with its words only when it does not wait any more', () => {
    const knowledge = open();
    bind(knowledge);
    const job = startJob(knowledge, documents(2));
    advance(knowledge, job, true);
    expect(advance(knowledge, job, false)).toMatchObject({ state: 'succeeded', indexed: 2, pendingVectors: 2 });
  });

  test('names the documents that got no vectors, and succeeds', () => {
    const knowledge = open();
    bind(knowledge);
    const job = startJob(knowledge, documents(3));
    advance(knowledge, job, true);
    const [first, ...others] = numbersOf(knowledge);
    end(knowledge, [first ?? 0], FAILED);
    end(knowledge, others);
    expect(advance(knowledge, job, true)).toMatchObject({ state: 'succeeded', indexed: 3, failures: [{ document: 'd0', error: FAILED }] });
    expect(backlog(knowledge)).toEqual({ pending: 0, failed: 1 });
  });

  test('names a document once though its failure is told twice, as after a worker that died before its reply', () => {
    const knowledge = open();
    bind(knowledge);
    const job = startJob(knowledge, documents(2));
    advance(knowledge, job, true);
    const [failed = 0] = numbersOf(knowledge);
    for (const _ of [1, 2]) end(knowledge, [failed], FAILED);
    end(knowledge, numbersOf(knowledge));
    expect(advance(knowledge, job, true).failures).toEqual([{ document: 'd0', error: FAILED }]);
  });

  test('tries vectors that failed again when their unchanged document comes again', () => {
    const knowledge = open();
    bind(knowledge);
    index(knowledge.write, documents(2));
    end(knowledge, numbersOf(knowledge), FAILED);
    const job = startJob(knowledge, documents(1));
    expect(advance(knowledge, job, true)).toMatchObject({ state: 'running', unchanged: 1, pendingVectors: 1 });
    expect(summary(knowledge)).toEqual(['upsert d0']);
    end(knowledge, numbersOf(knowledge));
    expect(advance(knowledge, job, true)).toMatchObject({ state: 'succeeded', failures: [] });
  });

  test('may be cancelled while it waits; what it brought keeps its vectors', () => {
    const knowledge = open();
    bind(knowledge);
    const job = startJob(knowledge, documents(1));
    advance(knowledge, job, true);
    expect(knowledge.write<JobReply>({ type: 'cancel-job', ...SCOPE, job, at: 1 }).job.state).toBe('cancelled');
    expect(summary(knowledge)).toEqual(['upsert d0']);
  });
});

const sources = ({ read }: Knowledge, ids: readonly string[], filter?: Record<string, string>): readonly Source[] =>
  read({ type: 'sources-of-vectors', ...SCOPE, ids, ...(filter === undefined ? {} : { filter }) });

const byId = (a: Source, b: Source): number => (a.id < b.id ? -1 : 1);

describe('the sources of vectors', () => {
  test('are those that a search gives, in the order of the vectors', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: sections(4, 'mark'), uri: 'u', metadata: { kind: 'guide' } }]);
    const request = { question: 'mark0 mark1 mark2 mark3', limit: 10, language: 'en' };
    const found = knowledge.read<SearchResult>({ type: 'search', ...SCOPE, request }).sources;
    const ids = [3, 1, 0, 2].map((position) => vectorId('a', 1, position));
    const joined = sources(knowledge, ids);
    expect(joined.map(({ id }) => id.split('#')[2])).toEqual(['3', '1', '0', '2']);
    expect([...joined].sort(byId)).toEqual([...found].map((source) => ({ ...source, score: 0 })).sort(byId));
  });

  test('leave out old versions, deleted documents, foreign ids and what the filter does not want', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: 'One.' }, { id: 'b', text: 'Two.', metadata: { lang: 'fr' } }, { id: 'c', text: 'Three.', metadata: { lang: 'en' } }]);
    index(knowledge.write, [{ id: 'a', text: 'One again.', metadata: { lang: 'en' } }]);
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'c' });
    const ids = [vectorId('a', 1, 0), vectorId('b', 1, 0), vectorId('c', 1, 0), vectorId('a', 2, 0), vectorId('a', 2, 7), 'their-own-id', ''];
    expect(sources(knowledge, ids).map(({ text }) => text)).toEqual(['Two.', 'One again.']);
    expect(sources(knowledge, ids, { lang: 'en' }).map(({ text }) => text)).toEqual(['One again.']);
    expect(knowledge.read({ type: 'sources-of-vectors', tenant: 'other', collection: 'default', ids })).toEqual([]);
  });
});
