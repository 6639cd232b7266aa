import type { GuardOptions } from '#agents/governor/governor.agent.ts';
import { retryProvider, withTimeout } from '#agents/governor/governor.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { KnowledgeStore, VectorBacklog, VectorTask } from '#src/ports/store.ts';
import type { VectorIndex, VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import { embedThrough } from './embed-through.ts';
import type { EmbedderFailure } from './embedder-status.ts';
import { batchesOf, jsonBytes, recordBytes } from './batches.ts';
import { embeddingText } from './embedding-text.ts';
import { sendSparing } from './sparing.ts';
import { TaskLedger } from './task-ledger.ts';

export interface RoundParts {
  readonly guards: GuardOptions;
  /** Of the collection whose documents get vectors. */
  readonly knowledge: KnowledgeStore;
  readonly model: EmbeddingModel;
  /** The same model by other keys or regions, in order of preference. */
  readonly otherRoutes?: readonly EmbeddingModel[];
  readonly index: VectorIndex;
  /** Of `index`, for the tenant and collection of `knowledge`. */
  readonly space: VectorSpace;
  /** Texts in one request, at most; the model's own limits hold as well. */
  readonly batchSize: number;
  /** Told whenever vectors came through, and what the provider refused of which document. */
  readonly onProgress: () => void;
  readonly onRefused: (document: string, error: ProviderError) => void;
}

export interface RoundOutcome {
  /** Tasks that were there to do; 0 when all is done. */
  readonly taken: number;
  readonly backlog: VectorBacklog;
  /** Tasks that are over. */
  readonly ended: number;
  /** Why tasks are left; they stay in the outbox. */
  readonly failure: EmbedderFailure | undefined;
}

/** Documents of one round; their texts are bounded by the store. */
const ROUND_TASKS = 64;
/** Requests of one round at a time. The governor of the account allows fewer where the provider does. */
const CONCURRENCY = 4;
const ATTEMPTS = 4;
/** Requests of one round that fail one after the other, each with all of its attempts. */
const MAX_FAILURES = 2;
/** A request of 32 chunks takes a model a second or two. */
const ATTEMPT_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 60_000;

interface Item {
  readonly task: number;
  readonly document: string;
  readonly text: string;
  readonly record: Omit<VectorRecord, 'values'>;
}

interface EmbeddedItem {
  readonly item: Item;
  readonly record: VectorRecord;
}

/**
 * Does the oldest tasks of the outbox. What is through is written down also when the rest fails; what was sent and not
 * written down is sent again in the next round, which changes nothing in the index. Rejects with what the store does, and
 * with `EMBEDDING_MISMATCH` when the index is of another dimension than the model.
 */
export async function workRound(parts: RoundParts, signal: AbortSignal): Promise<RoundOutcome> {
  const tasks = await parts.knowledge.nextVectorTasks(ROUND_TASKS);
  if (tasks.length === 0) return { taken: 0, ended: 0, backlog: await parts.knowledge.vectorBacklog(), failure: undefined };
  const ledger = new TaskLedger(tasks);
  const failure = await inParallel(worksOf(parts, tasks, ledger, signal));
  const ended = ledger.takeEnded();
  const backlog = await (ended.length === 0 ? parts.knowledge.vectorBacklog() : parts.knowledge.endVectorTasks(ended));
  return { taken: tasks.length, ended: ended.length, backlog, failure };
}

/** Throws `EMBEDDING_MISMATCH`. Rejects with ProviderError while the index cannot be asked. */
export async function checkDimension({ guards, model, index }: RoundParts, signal: AbortSignal): Promise<void> {
  const dimension = await call(guards, index.account, signal, (attempt) => index.dimension(attempt));
  if (dimension === undefined || dimension === model.dimension) return;
  const expected = `${model.dimension}, as ${model.id} makes them`;
  const message = `the vector index ${index.id} holds vectors of dimension ${dimension}, not of ${expected}: set another index or model`;
  throw new ServiceError('EMBEDDING_MISMATCH', message, { details: [{ field: 'dimension', expected, got: String(dimension) }] });
}

/** What the index holds of the collection. Rejects with ProviderError. */
export function countVectors({ guards, index, space }: RoundParts, signal: AbortSignal): Promise<number> {
  return call(guards, index.account, signal, (attempt) => space.count(attempt));
}

type Work = () => Promise<void>;

function worksOf(parts: RoundParts, tasks: readonly VectorTask[], ledger: TaskLedger, signal: AbortSignal): Work[] {
  const groups = batchesOf(tasks.flatMap(itemsOf), { maxItems: parts.batchSize, maxBytes: Infinity }, textBytes);
  const deletions = tasks.flatMap((task) => (task.kind === 'delete' ? [task] : []));
  return [
    ...deletions.map(({ number, prefix }) => async () => {
      await call(parts.guards, parts.index.account, signal, (attempt) => parts.space.deleteByPrefix(prefix, attempt));
      ledger.count(number);
      parts.onProgress();
    }),
    ...groups.map((group) => () => embedAndUpsert(parts, group, ledger, signal)),
  ];
}

function itemsOf(task: VectorTask): Item[] {
  if (task.kind === 'delete') return [];
  const { number, document, title, uri, metadata } = task;
  return task.chunks.map(({ id, headings, text }) => ({
    task: number,
    document,
    text: embeddingText({ title, headings, text }),
    record: { id, text, title, uri, metadata },
  }));
}

/** Some models take one text in a request, indexes take many: what was embedded is written together, also when the rest failed. */
async function embedAndUpsert(parts: RoundParts, group: readonly Item[], ledger: TaskLedger, signal: AbortSignal): Promise<void> {
  const embedded: EmbeddedItem[] = [];
  try {
    for (const batch of batchesOf(group, parts.model.batch, textBytes)) {
      await sendSparing(batch, async (items) => void embedded.push(...(await embed(parts, items, signal))), refused(parts, ledger));
    }
  } finally {
    await upsertAll(parts, embedded, ledger, signal);
  }
}

async function embed({ guards, model, otherRoutes = [] }: RoundParts, items: readonly Item[], signal: AbortSignal): Promise<EmbeddedItem[]> {
  const texts = items.map(({ text }) => text);
  const { vectors } = await embedThrough([model, ...otherRoutes], (route) => call(guards, route.account, signal, (attempt) => route.embed(texts, 'document', attempt)));
  return items.map((item, at) => withValues(item, vectors[at], model));
}

async function upsertAll(parts: RoundParts, embedded: readonly EmbeddedItem[], ledger: TaskLedger, signal: AbortSignal): Promise<void> {
  const { guards, index, space } = parts;
  const upsert = async (batch: readonly EmbeddedItem[]): Promise<void> => {
    const records = batch.map(({ record }) => record);
    await call(guards, index.account, signal, (attempt) => space.upsert(records, attempt));
    for (const { item } of batch) ledger.count(item.task);
    parts.onProgress();
  };
  const onRefused = refused(parts, ledger);
  for (const batch of batchesOf(embedded, index.batch, ({ record }) => recordBytes(record))) {
    await sendSparing(batch, upsert, ({ item }, error) => onRefused(item, error));
  }
}

function textBytes({ text }: Item): number {
  return jsonBytes(text);
}

function withValues(item: Item, values: Float32Array | undefined, { account }: EmbeddingModel): EmbeddedItem {
  if (values === undefined) throw new ProviderError('bad_response', account, 'gave fewer vectors than texts');
  return { item, record: { ...item.record, values } };
}

function refused({ onRefused }: RoundParts, ledger: TaskLedger): (item: Item, error: ProviderError) => void {
  return (item, error) => {
    onRefused(item.document, error);
    ledger.count(item.task, error);
  };
}

function call<T>(guards: GuardOptions, account: string, signal: AbortSignal, run: (attempt: AbortSignal) => Promise<T>): Promise<T> {
  const { clock } = guards.kernel;
  const deadlineMs = clock.now() + CALL_TIMEOUT_MS;
  return retryProvider(guards, { account, priority: 'ingest', owner: 'embedder', signal, attempts: ATTEMPTS, deadlineMs }, (given) =>
    withTimeout(clock, given, ATTEMPT_TIMEOUT_MS, run).catch(asProviderError(account)),
  );
}

/** A fault of an adapter must not end the embedder: it would meet the same text again. */
function asProviderError(account: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof ProviderError || error instanceof ServiceError) throw error;
    throw new ProviderError('bad_response', account, 'failed in a way that its adapter does not know', { cause: error });
  };
}

/**
 * One batch that fails does not keep the others back; a provider for which nothing succeeds is left alone after a few.
 * Resolves with the last failure once nothing is under way any more.
 */
async function inParallel(works: Work[]): Promise<EmbedderFailure | undefined> {
  let failure: EmbedderFailure | undefined;
  let failures = 0;
  const next = works.values();
  const lane = async (): Promise<void> => {
    for (const work of next) {
      try {
        await work();
        failures = 0;
      } catch (error) {
        if (!(error instanceof ProviderError || error instanceof ServiceError)) throw error;
        failure = error;
        failures += error.isRetryable ? 1 : MAX_FAILURES;
      }
      if (failures >= MAX_FAILURES) return;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return failure;
}
