import type { Batch, BatchLimits } from './batches.ts';
import { readBatches } from './batches.ts';
import type { FileFailure } from './find-files.ts';
import type { ReadOptions } from './read-document.ts';
import { isPassing } from '../retry.ts';
import type { Outcome, SendOptions } from './send-batch.ts';
import { sendBatch } from './send-batch.ts';
import { Failure } from '../failure.ts';

export interface SeedOptions {
  readonly read: ReadOptions;
  readonly send: SendOptions;
  /** Called with the number of files that are through, for better or worse. */
  onSettled(count: number): void;
}

export interface SeedResult extends Outcome {
  /** Files that were neither sent nor refused, because the seeding ended early. */
  readonly unsent: readonly string[];
  /** Why it ended early; undefined when it did not, or was interrupted. */
  readonly stoppedBy?: string;
}

const LIMITS: BatchLimits = { maxDocuments: 64, maxCharacters: 1_000_000 };
/** While the service indexes one batch, the next is read and sent. */
const LANES = 2;

/** Puts files into the service, a batch at a time, until all are through, the service is gone for too long, or the user interrupts. */
export async function seedFiles(paths: readonly string[], { read, send, onSettled }: SeedOptions): Promise<SeedResult> {
  const unsent = new Set(paths);
  const outcomes: Outcome[] = [];
  const ended = new AbortController();
  const options = { ...send, signal: AbortSignal.any([send.signal, ended.signal]) };
  const batches = readBatches(paths, { ...read, ...LIMITS });
  const settle = (batch: Batch, outcome: Outcome): void => {
    const failures = [...batch.failures, ...outcome.failures];
    for (const path of [...batch.documents.map(({ id }) => id), ...batch.failures.map(({ path }) => path)]) unsent.delete(path);
    outcomes.push({ ...outcome, failures });
    onSettled(batch.documents.length + batch.failures.length);
  };
  const lane = async (): Promise<void> => {
    for await (const batch of shared(batches)) {
      options.signal.throwIfAborted();
      settle(batch, batch.documents.length === 0 ? NOTHING : await sendBatch(batch.documents, options));
    }
  };
  const stops = await Promise.all(Array.from({ length: LANES }, () => lane().catch((error: unknown) => stop(error, ended))));
  const stoppedBy = stops.find((reason) => reason !== undefined);
  return { ...sum(outcomes), unsent: [...unsent], ...(stoppedBy === undefined ? {} : { stoppedBy }) };
}

const NOTHING: Outcome = { indexed: 0, unchanged: 0, chunks: 0, failures: [] };

/** One generator for several loops: a loop that ends early does not close it. */
function shared<T>(generator: AsyncGenerator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => generator.next() }) };
}

/** Ends the other lane too. The reason, or undefined for an interruption and for the lane that was ended by the other. */
function stop(error: unknown, ended: AbortController): string | undefined {
  const isAbort = error instanceof Error && error.name === 'AbortError';
  if (!isAbort && !isPassing(error) && !(error instanceof Failure)) throw error;
  ended.abort();
  return isAbort ? undefined : error.message;
}

function sum(outcomes: readonly Outcome[]): Outcome {
  const total = (figure: (outcome: Outcome) => number): number => outcomes.reduce((all, outcome) => all + figure(outcome), 0);
  const failures: FileFailure[] = outcomes.flatMap((outcome) => outcome.failures);
  return { indexed: total((one) => one.indexed), unchanged: total((one) => one.unchanged), chunks: total((one) => one.chunks), failures };
}
