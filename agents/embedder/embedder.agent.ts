import type { Component } from '#agents/health/health.agent.ts';
import { ServiceError } from '#src/errors.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartContext, StartFunction } from '#supervisors/kernel/process.ts';
import { EMBEDDER, embedderStatus, EmbedderStatus } from './embedder-status.ts';
import type { EmbedderFailure } from './embedder-status.ts';
import { embedderMachine } from './embedder.machine.ts';
import type { EmbedderInput, EmbedderOutcome } from './embedder.machine.ts';
import type { RoundParts } from './embedding-round.ts';
import { checkDimension, countVectors, workRound } from './embedding-round.ts';

export type { EmbedderFailure, EmbedderStatus } from './embedder-status.ts';
export { EMBEDDER, embedderStatus } from './embedder-status.ts';
export type { QueryEmbeddingsOptions } from './query-embeddings.agent.ts';
export { embedQuery, QUERY_EMBEDDINGS, queryEmbeddingsAgent } from './query-embeddings.agent.ts';

export interface EmbedderOptions extends Omit<RoundParts, 'batchSize' | 'onProgress' | 'onRefused'> {
  /** Texts in one request, at most. @defaultValue 32 */
  readonly batchSize?: number;
  /** A document that the provider takes no vectors of, for the log. */
  readonly onRefused?: (document: string, error: ProviderError) => void;
  /** What holds all vectors up, for the log: told when it comes, and when it becomes another. */
  readonly onHeldUp?: (failure: EmbedderFailure) => void;
}

/** What a job reads of the vectors of its documents. */
export interface VectorProgress {
  /** For how long nothing has come through although there was work; Infinity where waiting does not help. */
  stalledForMs(): number;
  /** There is work. */
  wake(): void;
}

const DEFAULT_BATCH_SIZE = 32;
const INTERVAL_MS = 30_000;
const BACKOFF = { initialMs: 1000, maxMs: 60_000 };

/** Start function of the actor that makes the vectors of documents and tells the index. */
export function embedderAgent(options: EmbedderOptions): StartFunction {
  return actor(embedderMachine, { input: (context) => inputOf(options, context), table: ({ context }) => context.status });
}

function inputOf(options: EmbedderOptions, { runtime }: StartContext): EmbedderInput {
  const { batchSize = DEFAULT_BATCH_SIZE, onRefused = () => undefined, onHeldUp = () => undefined } = options;
  const status = new EmbedderStatus(runtime.clock);
  const parts = { ...options, batchSize, onRefused, onProgress: () => status.progressed() };
  let isReady = false;
  let held: string | undefined;
  const work = async (signal: AbortSignal): Promise<EmbedderOutcome> => {
    status.began();
    if (!isReady) await prepare(parts, status, signal);
    isReady = true;
    const outcome = await workRound(parts, signal);
    status.counted(outcome.backlog);
    return outcome;
  };
  const round = async (signal: AbortSignal): Promise<EmbedderOutcome> => {
    const outcome = await work(signal).catch(asOutcome);
    const { failure } = outcome;
    const kind = failure === undefined ? undefined : kindOf(failure);
    if (failure !== undefined && kind !== held && !signal.aborted) onHeldUp(failure);
    held = kind;
    return outcome;
  };
  return { status, round, intervalMs: INTERVAL_MS, backoff: BACKOFF };
}

/** Binds the collection, and has all vectors made again of an index that has lost them. */
async function prepare(parts: RoundParts, status: EmbedderStatus, signal: AbortSignal): Promise<void> {
  const { knowledge, model, index } = parts;
  const binding = { model: model.id, dimension: model.dimension, index: index.id };
  await knowledge.bindEmbedding(binding);
  status.counted(await knowledge.vectorBacklog());
  await checkDimension(parts, signal);
  const isThrough = status.backlog?.pending === 0 && status.backlog.failed === 0;
  if (isThrough && (await countVectors(parts, signal)) === 0) await knowledge.bindEmbedding(binding, { again: true });
}

function kindOf(failure: EmbedderFailure): string {
  return failure instanceof ProviderError ? `${failure.account} ${failure.failure}` : failure.code;
}

/** What is no failure of a provider or of the store is a fault of ours, and crashes the embedder. */
function asOutcome(error: unknown): EmbedderOutcome {
  if (!(error instanceof ServiceError || error instanceof ProviderError)) throw error;
  return { taken: 0, ended: 0, failure: error };
}

/** Something was deleted whose vectors are to go; where there is no embedder, nothing happens. */
export function wakeEmbedder(kernel: Kernel): void {
  kernel.send(EMBEDDER, { type: 'wake' });
}

/** For the jobs of a tree with an embedder. One that restarts is not stalled. */
export function vectorProgress(kernel: Kernel): VectorProgress {
  return {
    stalledForMs: () => embedderStatus(kernel)?.stalledForMs ?? 0,
    wake: () => wakeEmbedder(kernel),
  };
}

/** Degraded while documents wait for their vectors and none come. */
export function vectorsComponent(kernel: Kernel): Component {
  return {
    name: 'vectors',
    isVital: false,
    check: () => {
      const status = embedderStatus(kernel);
      if (status === undefined) return 'down';
      return status.failure === undefined ? 'up' : 'degraded';
    },
  };
}
