import { describe, expect, test } from 'vitest';
import { EMBEDDER, embedderStatus, embedQuery, vectorsComponent } from '#agents/embedder/embedder.agent.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { versionPrefix } from '#src/rag/vector-id.ts';
import { eventually } from '../../support/eventually.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { MemoryIndex, MemoryModel, untilAborted } from './memory-vectors.ts';
import type { Embedding } from './start-embedder.ts';
import { CHUNKING, documents, expectedChunks, failureOf, startEmbedder } from './start-embedder.ts';

const NONE = { pending: 0, failed: 0 };
const FAR = new AbortController().signal;

/** Every chunk of now has its vector, and nothing else has one. */
async function expectComplete({ knowledge, index }: Embedding): Promise<void> {
  const sources = await knowledge.sourcesOfVectors([...index.records.keys()]);
  expect(sources).toHaveLength(index.records.size);
  expect(index.records.size).toBe(await expectedChunks(knowledge));
}

function failing(failure: ProviderFailure, account = 'hashed/local/words'): ProviderError {
  return new ProviderError(failure, account, failure, { retryAfterMs: 10 });
}

describe('the embedder', () => {
  test('a job is over when its documents can be found by their vectors', async () => {
    const embedding = await startEmbedder();
    const { ingest, knowledge, model, index } = embedding;
    const job = await ingest.index(documents(20), CHUNKING);
    expect(await ingest.whenEnded(job.id)).toMatchObject({ state: 'succeeded', indexed: 20, pendingVectors: 0, failures: [] });
    await expectComplete(embedding);
    const { vectors } = await model.embed(['Part 1 of 7 mark7x1'], 'query', FAR);
    const [best] = await index.query({ vector: vectors[0] ?? new Float32Array(), topK: 1 });
    const [source] = await knowledge.sourcesOfVectors([best?.id ?? '']);
    expect(source).toMatchObject({ document_id: 'd7', text: expect.stringContaining('mark7x1') as string });
  });

  test('texts go in batches of the setting and of the model, with the title and the headings above them', async () => {
    const model = new MemoryModel({ batch: { maxItems: 5, maxBytes: 1400 } });
    const embedding = await startEmbedder({ model, index: new MemoryIndex({ batch: { maxItems: 2, maxBytes: 10_000 } }) });
    const job = await embedding.ingest.index([...documents(4), { id: 'named', title: 'The handbook', text: '# Leave\n\nThirty days.' }], CHUNKING);
    await embedding.ingest.whenEnded(job.id);
    await expectComplete(embedding);
    expect(Math.max(...model.calls.map(({ texts }) => texts.length))).toBeGreaterThan(1);
    expect(model.calls.flatMap(({ texts }) => texts)).toContain('The handbook\n\n# Leave\n\nThirty days.');
    expect(new Set(model.calls.map(({ purpose }) => purpose))).toEqual(new Set(['document']));
    const small = await startEmbedder({ batchSize: 1 });
    await small.ingest.whenEnded((await small.ingest.index(documents(2), CHUNKING)).id);
    expect(new Set(small.model.calls.map(({ texts }) => texts.length))).toEqual(new Set([1]));
  });

  test('documents that were there before the model was set get vectors', async () => {
    const embedding = await startEmbedder({ before: documents(10) });
    await eventually(() => expectComplete(embedding));
    // The index has its vectors before the store is told so.
    await eventually(async () => expect(await embedding.knowledge.vectorBacklog()).toEqual(NONE));
  });

  test('vectors of replaced and deleted documents go, and answer nothing before they are gone', async () => {
    const embedding = await startEmbedder();
    const { ingest, index, knowledge } = embedding;
    await ingest.whenEnded((await ingest.index(documents(3), CHUNKING)).id);
    const old = [...index.records.keys()];
    await knowledge.deleteDocument('d0');
    expect(await knowledge.sourcesOfVectors(old)).toHaveLength(old.length - 3);
    await ingest.whenEnded((await ingest.index([{ id: 'd1', text: 'Another text.' }], CHUNKING)).id);
    await eventually(() => expectComplete(embedding));
    expect(old.filter((id) => index.records.has(id)).every((id) => id.startsWith(versionPrefix('d2', 1)))).toBe(true);
  });

  test('a document that the provider refuses is named, all others go through', async () => {
    const embedding = await startEmbedder();
    const { ingest, model, refused, knowledge } = embedding;
    model.onCall = (texts) => {
      if (texts.some((text) => text.includes('mark4x1'))) throw failing('bad_request');
    };
    const job = await ingest.whenEnded((await ingest.index(documents(10), CHUNKING)).id);
    expect(job).toMatchObject({ state: 'succeeded', indexed: 10, failures: [{ document: 'd4', error: { code: 'EMBEDDING_FAILED' } }] });
    expect(refused).toEqual(['d4']);
    expect(embedding.index.records.size).toBe((await expectedChunks(knowledge)) - 1);
    expect(await knowledge.vectorBacklog()).toEqual({ pending: 0, failed: 1 });
    model.onCall = () => undefined;
    expect(await ingest.whenEnded((await ingest.index(documents(10), CHUNKING)).id)).toMatchObject({ unchanged: 10, failures: [] });
    await expectComplete(embedding);
    expect(await knowledge.vectorBacklog()).toEqual(NONE);
  });

  test('a record that the index refuses is named, and no text is embedded twice for it', async () => {
    const embedding = await startEmbedder();
    const { ingest, model, index } = embedding;
    index.onUpsert = (records) => {
      if (records.some(({ text }) => text.includes('mark2x0'))) throw failing('too_large', index.account);
    };
    const job = await ingest.whenEnded((await ingest.index(documents(5), CHUNKING)).id);
    expect(job.failures.map(({ document }) => document)).toEqual(['d2']);
    expect(model.calls.flatMap(({ texts }) => texts)).toHaveLength(15);
  });

  test.for<ProviderFailure>(['rate_limited', 'unavailable', 'timeout', 'bad_response'])('%s is tried again until it is well', async (failure) => {
    const clock = new SimulatedClock();
    const embedding = await startEmbedder({ clock });
    const { ingest, knowledge, model } = embedding;
    let faults = 3;
    model.onCall = () => {
      faults -= 1;
      if (faults >= 0) throw failing(failure);
    };
    const job = await ingest.index(documents(10), CHUNKING);
    await eventually(async () => {
      await clock.advance(100);
      expect(await knowledge.getJob(job.id)).toMatchObject({ state: 'succeeded', failures: [], pendingVectors: 0 });
    });
    await expectComplete(embedding);
  });

  test.for<ProviderFailure>(['auth', 'quota', 'not_found'])('with %s a job does not wait, its documents are found by words and nothing is lost', async (failure) => {
    const clock = new SimulatedClock();
    const embedding = await startEmbedder({ clock });
    const { ingest, kernel, knowledge, model } = embedding;
    model.onCall = () => Promise.reject(failing(failure));
    const job = await ingest.index(documents(3), CHUNKING);
    await eventually(async () => {
      await clock.advance(20);
      expect((await knowledge.getJob(job.id)).state).toBe('succeeded');
    });
    expect(await knowledge.getJob(job.id)).toMatchObject({ indexed: 3, failures: [], pendingVectors: 3 });
    expect((await knowledge.search({ question: 'mark1x1', limit: 1, language: 'en' })).sources).toHaveLength(1);
    expect(failureOf(kernel)).toBe(failure);
    expect(vectorsComponent(kernel).check()).toBe('degraded');
  });

  test('in an outage a job ends after its patience, others at once; the backlog is seen and done when it is over', async () => {
    const clock = new SimulatedClock();
    const embedding = await startEmbedder({ clock });
    const { ingest, kernel, knowledge, model } = embedding;
    model.onCall = () => Promise.reject(new ProviderError('unavailable', model.account, 'down'));
    const job = await ingest.index(documents(40), CHUNKING);
    while ((await knowledge.getJob(job.id)).endedAt === null) await clock.advance(100);
    expect(clock.now()).toBeGreaterThan(29_000);
    expect(await knowledge.getJob(job.id)).toMatchObject({ state: 'succeeded', indexed: 40, failures: [], pendingVectors: 40 });
    const second = await ingest.index([{ id: 'later', text: 'Of a later day.' }], CHUNKING);
    expect(await ingest.whenEnded(second.id)).toMatchObject({ state: 'succeeded', pendingVectors: 1 });
    await eventually(async () => {
      await clock.advance(60 * 60_000);
      expect(embedderStatus(kernel)?.backlog).toEqual({ pending: 41, failed: 0 });
    });
    expect(vectorsComponent(kernel).check()).toBe('degraded');
    model.onCall = () => undefined;
    await eventually(async () => {
      await clock.advance(10_000);
      await expectComplete(embedding);
    });
    expect(vectorsComponent(kernel).check()).toBe('up');
    await eventually(async () => expect(await knowledge.vectorBacklog()).toEqual(NONE));
    expect(embedding.heldUp).toEqual(['unavailable']);
  });

  test('a provider that never answers is left after a time, its socket closed', async () => {
    const clock = new SimulatedClock();
    const embedding = await startEmbedder({ clock });
    const { model, ingest, knowledge } = embedding;
    model.onCall = (_, signal) => (model.calls.length > 1 ? undefined : untilAborted(model.account, signal));
    const job = await ingest.index(documents(3), CHUNKING);
    await eventually(async () => {
      await clock.advance(1000);
      expect((await knowledge.getJob(job.id)).endedAt).not.toBeNull();
    });
    expect(model.calls[0]?.signal.aborted).toBe(true);
    await eventually(async () => {
      await clock.advance(1000);
      await expectComplete(embedding);
    });
  });

  test('one text that the provider cannot answer for keeps no other batch back', async () => {
    const clock = new SimulatedClock();
    const { model, knowledge, ingest, kernel } = await startEmbedder({ clock, batchSize: 3 });
    model.onCall = (texts) => {
      if (texts.some((text) => text.includes('mark0x1'))) throw new TypeError('a fault of the adapter');
    };
    const job = await ingest.index(documents(150), CHUNKING);
    await eventually(async () => {
      await clock.advance(1000);
      expect((await knowledge.vectorBacklog()).pending).toBe(1);
    });
    await eventually(async () => {
      await clock.advance(1000);
      expect(await knowledge.getJob(job.id)).toMatchObject({ state: 'succeeded', indexed: 150, pendingVectors: 1 });
    });
    expect(vectorsComponent(kernel).check()).toBe('degraded');
    expect(embedderStatus(kernel)?.backlog).toEqual({ pending: 1, failed: 0 });
  });

  test('half of a round is kept when the rest of it fails', async () => {
    const clock = new SimulatedClock();
    const embedding = await startEmbedder({ clock, batchSize: 3 });
    const { model, knowledge, ingest } = embedding;
    model.onCall = () => {
      if (model.calls.length > 6) throw new ProviderError('quota', model.account, 'used up');
    };
    await ingest.index(documents(20), CHUNKING);
    await eventually(async () => {
      await clock.advance(10);
      expect((await knowledge.vectorBacklog()).pending).toBe(14);
    });
    model.onCall = () => undefined;
    const before = model.calls.length;
    await eventually(async () => {
      await clock.advance(10_000);
      await expectComplete(embedding);
    });
    expect(model.calls.slice(before).flatMap(({ texts }) => texts)).toHaveLength(14 * 3);
  });

  test.for([EMBEDDER, 'governors', 'jobs'])('killed in mid-work, %s goes on where it was', async (name) => {
    const embedding = await startEmbedder({ batchSize: 4 });
    const { kernel, ingest, model } = embedding;
    const gate = Promise.withResolvers<void>();
    model.onCall = () => (model.calls.length > 6 ? gate.promise : undefined);
    const job = await ingest.index(documents(60), CHUNKING);
    await eventually(() => expect(model.calls.length).toBeGreaterThan(6));
    kernel.kill(name);
    gate.resolve();
    expect(await ingest.whenEnded(job.id)).toMatchObject({ state: 'succeeded', pendingVectors: 0, failures: [] });
    await expectComplete(embedding);
  });

  test('what was under way is given up when the embedder is killed', async () => {
    const { kernel, ingest, model } = await startEmbedder();
    model.onCall = (_, signal) => untilAborted(model.account, signal);
    await ingest.index(documents(3), CHUNKING);
    await eventually(() => expect(model.calls.length).toBeGreaterThan(0));
    kernel.kill(EMBEDDER);
    await eventually(() => expect(model.calls[0]?.signal.aborted).toBe(true));
  });

  test.for(['knowledge', 'knowledge-reader'])('a killed worker %s loses no vector', async (name) => {
    const embedding = await startEmbedder({ batchSize: 4 });
    const { workers, ingest, model } = embedding;
    const job = await ingest.index(documents(60), CHUNKING);
    await eventually(() => expect(model.calls.length).toBeGreaterThan(6));
    await workers.kill(name);
    await workers.startWorker(name);
    expect(await ingest.whenEnded(job.id)).toMatchObject({ state: 'succeeded', failures: [] });
    await expectComplete(embedding);
  });

  test('after a stop of the process the next one does what is left', async () => {
    const directory = temporaryDirectory();
    const index = new MemoryIndex();
    const first = await startEmbedder({ directory, index, batchSize: 4 });
    first.model.onCall = (_, signal) => (first.model.calls.length > 6 ? untilAborted(first.model.account, signal) : undefined);
    const job = await first.ingest.index(documents(60), CHUNKING);
    await eventually(() => expect(first.model.calls.length).toBeGreaterThan(6));
    await first.stop();
    const second = await startEmbedder({ directory, index });
    expect(await second.ingest.whenEnded(job.id)).toMatchObject({ state: 'succeeded', indexed: 60, failures: [] });
    await expectComplete(second);
  });

  test('an index that has lost its vectors gets them again, one that has them is left alone', async () => {
    const directory = temporaryDirectory();
    const index = new MemoryIndex();
    const first = await startEmbedder({ directory, index });
    await first.ingest.whenEnded((await first.ingest.index(documents(5), CHUNKING)).id);
    await first.stop();
    const second = await startEmbedder({ directory, index });
    await eventually(() => expect(second.kernel.tree()?.children.find(({ name }) => name === EMBEDDER)?.state).toBe('idle'));
    expect(second.model.calls).toEqual([]);
    await second.stop();
    const third = await startEmbedder({ directory, index: new MemoryIndex() });
    await eventually(() => expectComplete(third));
    expect(third.index.records.size).toBe(index.records.size);
  });

  test('another model, or an index of another dimension, is refused and told; words go on', async () => {
    const directory = temporaryDirectory();
    const first = await startEmbedder({ directory });
    await first.ingest.whenEnded((await first.ingest.index(documents(2), CHUNKING)).id);
    await first.stop();
    const second = await startEmbedder({ directory, model: new MemoryModel({ dimension: 32 }) });
    await eventually(() => expect(failureOf(second.kernel)).toBe('EMBEDDING_MISMATCH'));
    expect(await second.ingest.whenEnded((await second.ingest.index([{ id: 'new', text: 'New.' }], CHUNKING)).id)).toMatchObject({ state: 'succeeded', pendingVectors: 1 });
    expect(second.heldUp).toEqual(['EMBEDDING_MISMATCH']);
    await expect(embedQuery(second.kernel, 'new', { signal: FAR, deadlineMs: Infinity })).rejects.toMatchObject({ code: 'EMBEDDING_MISMATCH' });
    const index = new MemoryIndex();
    index.madeFor = 1536;
    const third = await startEmbedder({ index });
    await eventually(() => expect(failureOf(third.kernel)).toBe('EMBEDDING_MISMATCH'));
    expect(embedderStatus(third.kernel)?.failure?.message).toMatch(/memory:one holds vectors of dimension 1536/);
    expect(third.model.calls).toEqual([]);
  });
});
