import { ServiceError } from '#src/errors.ts';
import type { ErrorCode } from '#src/errors.ts';
import type { BatchLimits } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import type { VectorIndex, VectorMatch, VectorQuery, VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import type { ActorLink } from '#src/store/tenant/store-actor.ts';
import { StoreActor } from '#src/store/tenant/store-actor.ts';
import { VECTORS_ACTOR } from '#src/store/vectors/events.ts';
import type { DeleteReply, SpaceKey, VectorHit, VectorsEvent, VectorsStatus } from '#src/store/vectors/events.ts';
import { untilAborted } from '#src/adapters/wire/abort.ts';
import { networkFailure } from '#src/adapters/wire/failure.ts';

const ID = 'embedded:vectors';
const ACCOUNT = 'embedded/vectors';
/** One message is one transaction: 512 vectors of 1024 dimensions keep the worker for some 60 ms. */
const BATCH: BatchLimits = { maxItems: 512, maxBytes: 8 * 1024 * 1024 };

/** A refusal is `bad_request`; everything that the worker may recover from is worth another try. */
const FAILURE_OF_CODE: Partial<Record<ErrorCode, ProviderFailure>> = {
  INVALID_REQUEST: 'bad_request',
  ASK_TIMEOUT: 'timeout',
  OVERLOADED: 'rate_limited',
};

export interface EmbeddedIndexOptions {
  /** The kernel. */
  readonly link: ActorLink;
  /** The embedding model's id: what one model has made is never compared with what another has. */
  readonly model: string;
  /** How long a call waits for the worker to restart. @defaultValue 2000 */
  readonly restartWaitMs?: number;
  /** How long a call waits for its reply, beside its signal: a large space takes seconds to be read. @defaultValue 30000 */
  readonly timeoutMs?: number;
}

export interface EmbeddedVectorIndex extends VectorIndex {
  /** How each space is searched, for health. Rejects with ProviderError. */
  status(signal: AbortSignal): Promise<VectorsStatus>;
}

/** The index in the data directory: needs no other service. Its worker is a child of the store, named `VECTORS_ACTOR`. */
export function createEmbeddedVectorIndex({ link, model, restartWaitMs = 2000, timeoutMs = 30_000 }: EmbeddedIndexOptions): EmbeddedVectorIndex {
  const actor = new StoreActor<VectorsEvent>(link, { name: VECTORS_ACTOR, restartWaitMs });
  const ask = <Reply>(event: VectorsEvent, signal: AbortSignal): Promise<Reply> =>
    answered(signal, () => actor.ask<Reply>(event, timeoutMs));
  return {
    id: ID,
    account: ACCOUNT,
    batch: BATCH,
    space: (tenant, collection) => new EmbeddedSpace({ tenant, collection, model }, ask),
    dimension: async (signal) => (await ask<number | null>({ type: 'vector-dimension', model }, signal)) ?? undefined,
    status: (signal) => ask({ type: 'vectors-status' }, signal),
  };
}

type Ask = <Reply>(event: VectorsEvent, signal: AbortSignal) => Promise<Reply>;

class EmbeddedSpace implements VectorSpace {
  readonly #space: SpaceKey;
  readonly #ask: Ask;

  constructor(space: SpaceKey, ask: Ask) {
    this.#space = space;
    this.#ask = ask;
  }

  async upsert(records: readonly VectorRecord[], signal: AbortSignal): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    const dimension = first.values.length;
    const labels = records.map(({ id, metadata }) => ({ id, metadata }));
    await this.#ask({ type: 'upsert-vectors', space: this.#space, records: labels, dimension, values: joined(records, dimension) }, signal);
  }

  async query({ vector, topK, filter }: VectorQuery, signal: AbortSignal): Promise<readonly VectorMatch[]> {
    // A copy: of an array that is part of a larger buffer the message would hold all of that buffer.
    const query = { type: 'query-vectors', space: this.#space, vector: vector.slice(), topK, filter: filter ?? null } as const;
    return this.#ask<VectorHit[]>(query, signal);
  }

  async deleteByPrefix(prefix: string, signal: AbortSignal): Promise<void> {
    let reply: DeleteReply;
    do reply = await this.#ask<DeleteReply>({ type: 'delete-vectors', space: this.#space, prefix }, signal);
    while (!reply.isDone);
  }

  count(signal: AbortSignal): Promise<number> {
    return this.#ask({ type: 'count-vectors', space: this.#space }, signal);
  }
}

function joined(records: readonly VectorRecord[], dimension: number): Float32Array {
  const values = new Float32Array(records.length * dimension);
  for (const [index, record] of records.entries()) {
    if (record.values.length !== dimension) {
      throw new ProviderError('bad_request', ACCOUNT, `${record.id}: expected ${dimension} dimensions, got ${record.values.length}`);
    }
    values.set(record.values, index * dimension);
  }
  return values;
}

/** Stops waiting when the signal is aborted: the worker's answer to nobody is dropped. */
async function answered<Reply>(signal: AbortSignal, ask: () => Promise<Reply>): Promise<Reply> {
  if (signal.aborted) throw networkFailure(ACCOUNT, signal.reason, signal);
  try {
    return await untilAborted(ask(), signal);
  } catch (error) {
    throw signal.aborted ? networkFailure(ACCOUNT, error, signal) : toProviderError(error);
  }
}

/** A fault of the program passes as it is. */
function toProviderError(error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error;
  const { retryAfterMs } = error;
  const options = { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new ProviderError(FAILURE_OF_CODE[error.code] ?? 'unavailable', ACCOUNT, error.message, options);
}
