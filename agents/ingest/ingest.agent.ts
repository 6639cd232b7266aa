import { ServiceError } from '#src/errors.ts';
import type { VectorProgress } from '#agents/embedder/embedder.agent.ts';
import type { Chunking, JobRecord, NewDocument, TenantStore } from '#src/ports/store.ts';
import { checkChunking } from '#src/rag/chunk.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { AskOptions, Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { checkDocuments } from './check-documents.ts';
import type { Ingest } from './ingest.ts';
import type { JobEvent, JobInput } from './job.machine.ts';
import { hasEnded, jobMachine } from './job.machine.ts';
import { reconcilerMachine } from './reconciler.machine.ts';

export type { Ingest } from './ingest.ts';

export const JOBS = 'jobs';

export interface IngestOptions {
  readonly kernel: Kernel;
  readonly store: TenantStore;
  readonly maxDocumentBytes: number;
  /** With it, jobs wait for the vectors of their documents. */
  readonly vectors?: VectorProgress;
}

type RunnerParts = Pick<IngestOptions, 'kernel' | 'store' | 'vectors'>;

const SWEEP_INTERVAL_MS = 30_000;
/** Waiting for a job is bounded by its asker; this only bounds one wait in the mailbox of a runner. */
const AWAIT_TIMEOUT_MS = 24 * 60 * 60 * 1000;
/** A store that is away for longer than its own retries: a runner comes back slowly, its job loses nothing. */
const RUNNER_BACKOFF = { initialMs: 20, maxMs: 10_000 };

export function createIngest(options: IngestOptions): Ingest {
  const { store, maxDocumentBytes } = options;
  const { knowledge } = store;
  const start = async (job: JobRecord): Promise<JobRecord> => {
    await ensureRunner(options, job.id).catch(leaveToReconciler);
    return job;
  };
  return {
    index: async (documents: readonly NewDocument[], chunking: Chunking) => {
      checkDocuments(documents, maxDocumentBytes);
      return start(await knowledge.createIndexJob(documents, checkChunking(chunking)));
    },
    reindex: async () => start(await knowledge.createReindexJob()),
    whenEnded: (job, signal) => whenEnded(options, job, 'await', { timeoutMs: AWAIT_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) }),
    cancel: (job) => whenEnded(options, job, 'cancel'),
  };
}

/** Start function of the actor that starts jobs which nobody runs. */
export function reconcilerAgent(options: IngestOptions): StartFunction {
  const sweep = async (): Promise<void> => {
    for (const { id } of await options.store.knowledge.unfinishedJobs()) await ensureRunner(options, id);
  };
  return actor(reconcilerMachine, { input: () => ({ sweep, intervalMs: SWEEP_INTERVAL_MS }) });
}

function jobName(job: string): string {
  return `job:${job}`;
}

function ensureRunner({ kernel, store, vectors }: RunnerParts, job: string): Promise<void> {
  return ensureChild(kernel, JOBS, jobSpec({ job, knowledge: store.knowledge, vectors }));
}

function jobSpec(input: JobInput): ChildSpec & { readonly name: string } {
  return {
    id: 'job',
    name: jobName(input.job),
    restart: 'transient',
    backoff: RUNNER_BACKOFF,
    start: actor(jobMachine, { input: () => input }),
  };
}

/** Asks the job's runner until one has told the end: a runner may end before it is asked, or crash before it answers. */
async function whenEnded(parts: RunnerParts, job: string, type: JobEvent['type'], asking: AskOptions = {}): Promise<JobRecord> {
  for (;;) {
    asking.signal?.throwIfAborted();
    const record = await parts.store.knowledge.getJob(job);
    if (hasEnded(record)) return record;
    await ensureRunner(parts, job);
    const ended = await parts.kernel.ask<JobRecord>(jobName(job), { type }, asking).catch(ifDown);
    if (ended !== undefined) return ended;
  }
}

/** The job is on disk: a runner that finds no room now is started by the next sweep. */
function leaveToReconciler(error: unknown): void {
  if (!(error instanceof ServiceError)) throw error;
}

function ifDown(error: unknown): undefined {
  if (!(error instanceof ServiceError) || error.code !== 'ACTOR_DOWN') throw error;
}
