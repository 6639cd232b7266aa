import { ServiceError } from '#src/errors.ts';
import type { Chunking, JobRecord, NewDocument, TenantStore } from '#src/ports/store.ts';
import { checkChunking } from '#src/rag/chunk.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { checkDocuments } from './check-documents.ts';
import type { Ingest } from './ingest.ts';
import { hasEnded, jobMachine } from './job.machine.ts';
import { reconcilerMachine } from './reconciler.machine.ts';

export type { Ingest } from './ingest.ts';

export const JOBS = 'jobs';

export interface IngestOptions {
  readonly kernel: Kernel;
  readonly store: TenantStore;
  readonly maxDocumentBytes: number;
}

const SWEEP_INTERVAL_MS = 30_000;
/** Waiting for a job is bounded by its asker; this only bounds one wait in the mailbox of a runner. */
const AWAIT_TIMEOUT_MS = 24 * 60 * 60 * 1000;
/** A store that is away for longer than its own retries: a runner comes back slowly, its job loses nothing. */
const RUNNER_BACKOFF = { initialMs: 100, maxMs: 10_000 };

export function createIngest({ kernel, store, maxDocumentBytes }: IngestOptions): Ingest {
  const { knowledge } = store;
  const start = async (job: JobRecord): Promise<JobRecord> => {
    await ensureRunner(kernel, store, job.id).catch(leaveToReconciler);
    return job;
  };
  return {
    index: async (documents: readonly NewDocument[], chunking: Chunking) => {
      checkDocuments(documents, maxDocumentBytes);
      return start(await knowledge.createIndexJob(documents, checkChunking(chunking)));
    },
    reindex: async () => start(await knowledge.createReindexJob()),
    whenEnded: (job, signal) => whenEnded(kernel, store, job, signal),
    cancel: async (job) => {
      const record = await knowledge.getJob(job);
      if (hasEnded(record)) return record;
      await ensureRunner(kernel, store, job);
      return kernel.ask<JobRecord>(jobName(job), { type: 'cancel' }).catch(ifDown(() => knowledge.getJob(job)));
    },
  };
}

/** Start function of the actor that starts jobs which nobody runs. */
export function reconcilerAgent({ kernel, store }: IngestOptions): StartFunction {
  const sweep = async (): Promise<void> => {
    for (const { id } of await store.knowledge.unfinishedJobs()) await ensureRunner(kernel, store, id);
  };
  return actor(reconcilerMachine, { input: () => ({ sweep, intervalMs: SWEEP_INTERVAL_MS }) });
}

function jobName(job: string): string {
  return `job:${job}`;
}

function ensureRunner(kernel: Kernel, store: TenantStore, job: string): Promise<void> {
  return ensureChild(kernel, JOBS, jobSpec(store, job));
}

function jobSpec({ knowledge }: TenantStore, job: string): ChildSpec {
  return {
    id: 'job',
    name: jobName(job),
    restart: 'transient',
    backoff: RUNNER_BACKOFF,
    start: actor(jobMachine, { input: () => ({ job, knowledge }) }),
  };
}

async function whenEnded(kernel: Kernel, store: TenantStore, job: string, signal?: AbortSignal): Promise<JobRecord> {
  for (;;) {
    signal?.throwIfAborted();
    const record = await store.knowledge.getJob(job);
    if (hasEnded(record)) return record;
    await ensureRunner(kernel, store, job);
    const options = signal === undefined ? { timeoutMs: AWAIT_TIMEOUT_MS } : { timeoutMs: AWAIT_TIMEOUT_MS, signal };
    const ended = await kernel.ask<JobRecord>(jobName(job), { type: 'await' }, options).catch(ifDown(() => undefined));
    if (ended !== undefined) return ended;
  }
}

/** The job is on disk: a runner that finds no room now is started by the next sweep. */
function leaveToReconciler(error: unknown): void {
  if (!(error instanceof ServiceError)) throw error;
}

function ifDown<T>(otherwise: () => T): (error: unknown) => T {
  return (error) => {
    if (error instanceof ServiceError && error.code === 'ACTOR_DOWN') return otherwise();
    throw error;
  };
}
