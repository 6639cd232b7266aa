import { onTestFinished } from 'vitest';
import { EMBEDDER, embedderAgent, embedderStatus, QUERY_EMBEDDINGS, queryEmbeddingsAgent, vectorProgress } from '#agents/embedder/embedder.agent.ts';
import type { EmbedderOptions } from '#agents/embedder/embedder.agent.ts';
import { FUSES } from '#agents/fuse/fuse.agent.ts';
import { GOVERNORS } from '#agents/governor/governor.agent.ts';
import { createIngest, JOBS } from '#agents/ingest/ingest.agent.ts';
import type { Ingest } from '#agents/ingest/ingest.agent.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { JobRecord, KnowledgeStore, NewDocument } from '#src/ports/store.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { startTree } from '../../support/start-tree.ts';
import { StoreWorkers } from '../../support/store-workers.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { MemoryIndex, MemoryModel } from './memory-vectors.ts';

export const CHUNKING = { chunkSize: 64, overlap: 8 };
const FUSE = { maxMelts: 1000, windowMs: 10_000, refreshMs: 60_000 };

export interface Embedding {
  readonly kernel: Kernel;
  readonly workers: StoreWorkers;
  readonly knowledge: KnowledgeStore;
  readonly ingest: Ingest;
  readonly model: MemoryModel;
  readonly index: MemoryIndex;
  readonly refused: string[];
  /** What held the embedder up, as it was told. */
  readonly heldUp: string[];
  /** Ends tree and workers, as a stop of the process does. */
  stop(): Promise<void>;
}

export interface EmbeddingOptions {
  readonly model?: MemoryModel;
  readonly index?: MemoryIndex;
  readonly directory?: string;
  readonly clock?: Clock;
  readonly batchSize?: number;
  /** Documents that are there before the first embedder starts. */
  readonly before?: readonly NewDocument[];
}

/** An embedder with its guards and jobs over real store workers. */
export async function startEmbedder(options: EmbeddingOptions = {}): Promise<Embedding> {
  const { model = new MemoryModel(), index = new MemoryIndex(), directory = temporaryDirectory(), clock, batchSize, before = [] } = options;
  const workers = await new StoreWorkers(directory).start();
  onTestFinished(() => workers.stop());
  const store = workers.store.tenant('default');
  const { knowledge } = store;
  if (before.length > 0) await indexAll(knowledge, before);
  const refused: string[] = [];
  const heldUp: string[] = [];
  const { kernel } = await startTree(
    (made) => {
      const guards = { kernel: made, fuse: FUSE, random: () => 0.01 };
      const embedder: EmbedderOptions = {
        guards,
        knowledge,
        model,
        index,
        space: index.space(),
        onRefused: (document) => refused.push(document),
        onHeldUp: (failure) => heldUp.push('code' in failure ? failure.code : failure.failure),
      };
      const dynamic = dynamicSupervisor({ intensity: 100, periodMs: 1000 });
      return [
        { id: 'fuses', name: FUSES, type: 'supervisor', start: dynamic },
        { id: 'governors', name: GOVERNORS, type: 'supervisor', start: dynamicSupervisor({ intensity: 100, periodMs: 1000 }) },
        { id: 'jobs', name: JOBS, type: 'supervisor', start: dynamicSupervisor({ intensity: 100, periodMs: 1000 }) },
        { id: 'query-embeddings', name: QUERY_EMBEDDINGS, start: queryEmbeddingsAgent({ guards, model, maxEntries: 100 }) },
        { id: 'embedder', name: EMBEDDER, start: embedderAgent(batchSize === undefined ? embedder : { ...embedder, batchSize }) },
      ];
    },
    clock === undefined ? {} : { clock },
  );
  const ingest = createIngest({ kernel, store, maxDocumentBytes: 1024 * 1024, vectors: vectorProgress(kernel) });
  const stop = async (): Promise<void> => {
    await kernel.stop();
    await workers.stop();
  };
  return { kernel, workers, knowledge, ingest, model, index, refused, heldUp, stop };
}

async function indexAll(knowledge: KnowledgeStore, documents: readonly NewDocument[]): Promise<void> {
  let job: JobRecord = await knowledge.createIndexJob(documents, CHUNKING);
  while (job.endedAt === null) job = await knowledge.advanceJob(job.id);
}

/** Each of some chunks. */
export function documents(count: number, mark = 'mark'): NewDocument[] {
  const section = (at: number, part: number): string => `# Part ${part} of ${at}\n\nThis speaks of ${mark}${at}x${part} and of nothing else, at some length.`;
  return Array.from({ length: count }, (_, at) => ({ id: `d${at}`, text: [0, 1, 2].map((part) => section(at, part)).join('\n\n') }));
}

/** The ids of the vectors that the documents of now should have. */
export async function expectedChunks(knowledge: KnowledgeStore): Promise<number> {
  const { items } = await knowledge.listDocuments({ limit: 1000 });
  return items.reduce((sum, { chunkCount }) => sum + chunkCount, 0);
}

export function failureOf(kernel: Kernel): string | undefined {
  const failure = embedderStatus(kernel)?.failure;
  return failure === undefined ? undefined : 'failure' in failure ? failure.failure : failure.code;
}
