import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EMBEDDER, embedderAgent, embedderStatus } from '#agents/embedder/embedder.agent.ts';
import { FUSES } from '#agents/fuse/fuse.agent.ts';
import { GOVERNORS } from '#agents/governor/governor.agent.ts';
import { createEmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';
import type { JobRecord, KnowledgeStore } from '#src/ports/store.ts';
import type { VectorSpace } from '#src/ports/vector-index.ts';
import { VECTORS_ACTOR } from '#src/store/vectors/events.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { worker } from '#supervisors/kernel/handles/worker.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { eventually } from '../../support/eventually.ts';
import { startTree } from '../../support/start-tree.ts';
import { StoreWorkers } from '../../support/store-workers.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { MemoryModel } from './memory-vectors.ts';
import { CHUNKING, documents } from './start-embedder.ts';

const SIGNAL = new AbortController().signal;
const FUSE = { maxMelts: 1000, windowMs: 10_000, refreshMs: 60_000 };

interface Started {
  readonly kernel: Kernel;
  readonly model: MemoryModel;
  readonly space: VectorSpace;
  readonly knowledge: KnowledgeStore;
  stop(): Promise<void>;
}

function dynamic(): StartFunction {
  return dynamicSupervisor({ intensity: 100, periodMs: 1000 });
}

/** An embedder over the index of the data directory, whose worker runs beside those of the store. */
async function start(directory: string): Promise<Started> {
  const workers = await new StoreWorkers(directory).start();
  onTestFinished(() => workers.stop());
  const { knowledge } = workers.store.tenant('default');
  const model = new MemoryModel();
  const url = new URL('../../../src/store/vectors.worker.ts', import.meta.url);
  const indexOf = (link: Kernel) => createEmbeddedVectorIndex({ link, model: model.id, restartWaitMs: 10_000 });
  const { kernel } = await startTree((made) => {
    const index = indexOf(made);
    const options = { guards: { kernel: made, fuse: FUSE }, knowledge, model, index, space: index.space('default', 'default'), batchSize: 4 };
    return [
      { id: 'vectors', name: VECTORS_ACTOR, start: worker({ url, input: { directory } }) },
      { id: 'fuses', name: FUSES, type: 'supervisor', start: dynamic() },
      { id: 'governors', name: GOVERNORS, type: 'supervisor', start: dynamic() },
      { id: 'embedder', name: EMBEDDER, start: embedderAgent(options) },
    ];
  });
  const stop = async (): Promise<void> => {
    await kernel.stop();
    await workers.stop();
  };
  return { kernel, model, knowledge, space: indexOf(kernel).space('default', 'default'), stop };
}

async function index({ knowledge, kernel }: Started, count: number): Promise<void> {
  let job: JobRecord = await knowledge.createIndexJob(documents(count), CHUNKING);
  while (job.endedAt === null) job = await knowledge.advanceJob(job.id);
  kernel.send(EMBEDDER, { type: 'wake' });
}

async function expectAll({ kernel, space, knowledge }: Started, chunks: number): Promise<void> {
  await eventually(async () => {
    expect(embedderStatus(kernel)?.backlog).toEqual({ pending: 0, failed: 0 });
    expect(await space.count(SIGNAL)).toBe(chunks);
    // The index has its vectors before the store is told so.
    expect(await knowledge.vectorBacklog()).toEqual({ pending: 0, failed: 0 });
  });
}

test('a killed worker of vectors loses none, and a lost file of vectors is made again', async () => {
  const directory = temporaryDirectory();
  const first = await start(directory);
  await index(first, 40);
  await eventually(() => expect(first.model.calls.length).toBeGreaterThan(6));
  first.kernel.kill(VECTORS_ACTOR);
  await expectAll(first, 120);
  await first.stop();
  for (const file of ['vectors.db', 'vectors.db-wal', 'vectors.db-shm']) rmSync(join(directory, file), { force: true });
  const second = await start(directory);
  await expectAll(second, 120);
  const { vectors } = await second.model.embed(['Part 2 of 9 mark9x2'], 'query', SIGNAL);
  const matches = await second.space.query({ vector: vectors[0] ?? new Float32Array(), topK: 3 }, SIGNAL);
  const [source] = await second.knowledge.sourcesOfVectors(matches.map(({ id }) => id));
  expect(source).toMatchObject({ document_id: 'd9', text: expect.stringContaining('mark9x2') as string });
});
