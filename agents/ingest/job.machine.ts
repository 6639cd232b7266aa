import { assign, fromPromise, setup } from 'xstate';
import { ServiceError } from '#src/errors.ts';
import type { VectorProgress } from '#agents/embedder/embedder.agent.ts';
import type { JobRecord, KnowledgeStore } from '#src/ports/store.ts';
import type { Asked } from '#supervisors/kernel/process.ts';

export type JobEvent =
  | ({ readonly type: 'await' } & Asked<JobRecord>)
  | ({ readonly type: 'cancel' } & Asked<JobRecord>);

export interface JobInput {
  readonly job: string;
  readonly knowledge: KnowledgeStore;
  /** Undefined where documents get no vectors. */
  readonly vectors: VectorProgress | undefined;
}

/** A job whose documents wait for vectors looks at them this often. */
const LOOK_INTERVAL_MS = 100;
/** How long a job waits for vectors while none come at all. */
const VECTORS_PATIENCE_MS = 30_000;

interface JobContext extends JobInput {
  readonly record: JobRecord | undefined;
  readonly awaiting: readonly Asked<JobRecord>[];
}

/**
 * advancing   entered at the start and after each piece; has the store do the next bounded piece, so that other work of
 *             the store comes between; left when the job has ended (ended), is to be cancelled (cancelling), or waits
 *             for vectors only (embedding).
 * embedding   all documents are through, not all vectors; looks again after a moment (advancing). A job ends without its
 *             vectors once the embedder is stalled for longer than a job's patience.
 * cancelling  entered by a cancel; left when the store has ended the job (ended).
 * ended       final; those who wait are told the job. A job that was deleted under its runner ends the same way.
 * The job itself lives in the store: a runner that crashes is restarted and goes on with the next piece.
 */
export const jobMachine = setup({
  types: { context: {} as JobContext, events: {} as JobEvent, input: {} as JobInput },
  actors: {
    advance: fromPromise<JobRecord, JobContext>(({ input }) => advance(input)),
    cancel: fromPromise<JobRecord, JobContext>(({ input }) => input.knowledge.cancelJob(input.job)),
  },
  guards: {
    isEnded: (_, record: JobRecord) => hasEnded(record),
    awaitsVectors: (_, { done, total }: JobRecord) => done === total,
  },
  actions: {
    wait: assign({ awaiting: ({ context, event }) => [...context.awaiting, event] }),
    keep: assign({ record: (_, record: JobRecord) => record }),
    tell: ({ context: { awaiting, record, job } }) => {
      for (const asked of awaiting) {
        if (record === undefined) asked.fail(new ServiceError('JOB_NOT_FOUND', `job ${job} is gone`));
        else asked.reply(record);
      }
    },
  },
}).createMachine({
  id: 'job',
  context: ({ input }) => ({ ...input, record: undefined, awaiting: [] }),
  initial: 'advancing',
  on: { await: { actions: 'wait' } },
  states: {
    advancing: {
      on: { cancel: { target: 'cancelling', actions: 'wait' } },
      invoke: {
        src: 'advance',
        input: ({ context }) => context,
        onDone: [
          {
            guard: { type: 'isEnded', params: ({ event }) => event.output },
            target: 'ended',
            actions: { type: 'keep', params: ({ event }) => event.output },
          },
          { guard: { type: 'awaitsVectors', params: ({ event }) => event.output }, target: 'embedding' },
          { target: 'advancing', reenter: true },
        ],
        onError: { guard: ({ event }) => isGone(event.error), target: 'ended' },
      },
    },
    embedding: {
      on: { cancel: { target: 'cancelling', actions: 'wait' } },
      after: { [LOOK_INTERVAL_MS]: 'advancing' },
    },
    cancelling: {
      on: { cancel: { actions: 'wait' } },
      invoke: {
        src: 'cancel',
        input: ({ context }) => context,
        onDone: { target: 'ended', actions: { type: 'keep', params: ({ event }) => event.output } },
        onError: { guard: ({ event }) => isGone(event.error), target: 'ended' },
      },
    },
    ended: { type: 'final', entry: 'tell' },
  },
});

async function advance({ job, knowledge, vectors }: JobContext): Promise<JobRecord> {
  const awaitsVectors = vectors !== undefined && vectors.stalledForMs() < VECTORS_PATIENCE_MS;
  const record = await knowledge.advanceJob(job, { awaitsVectors });
  if (record.pendingVectors > 0) vectors?.wake();
  return record;
}

export function hasEnded({ state }: JobRecord): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

function isGone(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'JOB_NOT_FOUND';
}
