import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorBody } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { JobState, NewDocument } from '#src/ports/store.ts';
import { Failure, describeServiceError } from '../failure.ts';
import { request } from '../service-client.ts';
import type { FileFailure } from './find-files.ts';
import type { RetryOptions } from '../retry.ts';
import { withRetries } from '../retry.ts';

export interface SendOptions extends RetryOptions {
  readonly service: URL;
}

/** What became of a batch: `indexed + unchanged + failures.length` are its documents. */
export interface Outcome {
  readonly indexed: number;
  readonly unchanged: number;
  readonly chunks: number;
  readonly failures: readonly FileFailure[];
}

/** The part of `GET /jobs/:id` that is followed. */
interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly done: number;
  readonly indexed: number;
  readonly unchanged: number;
  readonly chunks: number;
  readonly failures: readonly { readonly document: string; readonly error: ErrorBody }[];
  readonly error?: ErrorBody;
}

const FIRST_POLL_MS = 10;
const MAX_POLL_MS = 500;
/** A job that does nothing for so long is left alone: something else is wrong. */
const STALL_TIMEOUT_MS = 5 * 60_000;

/**
 * Sends documents and waits until the service has them indexed. A document that the service refuses is found by halving
 * the batch, so that the others go in. Rejects like `withRetries` when the service is gone for too long.
 */
export async function sendBatch(documents: readonly NewDocument[], options: SendOptions): Promise<Outcome> {
  try {
    const { job } = await withRetries(() => request<{ job: string }>(options.service, 'index', { body: { documents }, signal: options.signal }), options);
    return outcomeOf(documents, await follow(job, options));
  } catch (error) {
    if (!(error instanceof ServiceError) || error.isRetryable) throw error;
    return documents.length > 1 && isAboutDocuments(error) ? sendHalves(documents, options) : failAll(documents, describeServiceError(error).join(' '));
  }
}

async function sendHalves(documents: readonly NewDocument[], options: SendOptions): Promise<Outcome> {
  const half = Math.ceil(documents.length / 2);
  const first = await sendBatch(documents.slice(0, half), options);
  const second = await sendBatch(documents.slice(half), options);
  return {
    indexed: first.indexed + second.indexed,
    unchanged: first.unchanged + second.unchanged,
    chunks: first.chunks + second.chunks,
    failures: [...first.failures, ...second.failures],
  };
}

function isAboutDocuments({ status }: ServiceError): boolean {
  return status === 400 || status === 413;
}

async function follow(id: string, options: SendOptions): Promise<Job> {
  const { service, signal } = options;
  let lastDone = -1;
  let movedAt = performance.now();
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(1.5 * pollMs, MAX_POLL_MS)) {
    await sleep(pollMs, undefined, { signal });
    const job = await withRetries(() => request<Job>(service, `jobs/${encodeURIComponent(id)}`, { signal }), options);
    if (job.state !== 'queued' && job.state !== 'running') return job;
    if (job.done !== lastDone) [lastDone, movedAt] = [job.done, performance.now()];
    if (performance.now() - movedAt > STALL_TIMEOUT_MS) throw new Failure(`Job ${id} has not moved for ${STALL_TIMEOUT_MS / 60_000} minutes; see banyan tree.`);
  }
}

function outcomeOf(documents: readonly NewDocument[], { state, indexed, unchanged, chunks, failures, error }: Job): Outcome {
  const named = failures.map((failure) => ({ path: failure.document, reason: `${failure.error.code}: ${failure.error.message}` }));
  const missing = documents.length - indexed - unchanged - named.length;
  if (state === 'succeeded' || missing <= 0) return { indexed, unchanged, chunks, failures: named };
  const reason = error === undefined ? `its job was ${state}` : `${error.code}: ${error.message}`;
  return { indexed, unchanged, chunks, failures: [...named, ...failAll(documents, reason).failures.slice(-missing)] };
}

function failAll(documents: readonly NewDocument[], reason: string): Outcome {
  return { indexed: 0, unchanged: 0, chunks: 0, failures: documents.map(({ id }) => ({ path: id, reason })) };
}
