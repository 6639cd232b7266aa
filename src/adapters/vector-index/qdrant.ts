import type { BatchLimits } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorIndex, VectorMatch, VectorQuery, VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import { boundedTopK, checkedRecords, checkVector, wireVector } from './checked-records.ts';
import { KEYWORD_FIELDS, filterOf, pointOf, prefixFilterOf } from './qdrant-points.ts';
import type { QdrantSpace } from './qdrant-points.ts';
import { QdrantCollection, isObject } from './qdrant-collection.ts';

export interface QdrantOptions {
  /** Such as `http://localhost:6333`. */
  readonly url: string;
  /** One for all tenants; made by the first write. */
  readonly collection: string;
  readonly apiKey?: string;
  /** Of the vectors that are written: the collection is made with it. */
  readonly dimension: number;
}

/** A quarter of the 32 MB that Qdrant's server takes by default (`service.max_request_size_mb`). */
const BATCH: BatchLimits = { maxItems: 1000, maxBytes: 8_000_000 };
const SCROLL_PAGE = 1000;

/**
 * A collection of a Qdrant server, shared by all tenants: each point names its tenant and collection, and every request
 * filters by both. A collection that does not exist yet holds nothing. Plain fetch: the official client misreads
 * Retry-After and drops the caller's signal.
 */
export function createQdrantIndex({ url, collection: name, apiKey, dimension }: QdrantOptions): VectorIndex {
  const id = `qdrant:${name}`;
  const account = `qdrant/${name}`;
  const collection = new QdrantCollection({ account, url, name, apiKey });
  return {
    id,
    account,
    batch: BATCH,
    space: (tenant, collectionName) => new QdrantVectorSpace(collection, { tenant, collection: collectionName }, dimension),
    dimension: (signal) => collection.dimension(signal),
  };
}

class QdrantVectorSpace implements VectorSpace {
  readonly #collection: QdrantCollection;
  readonly #space: QdrantSpace;
  readonly #dimension: number;

  constructor(collection: QdrantCollection, space: QdrantSpace, dimension: number) {
    this.#collection = collection;
    this.#space = space;
    this.#dimension = dimension;
  }

  async upsert(records: readonly VectorRecord[], signal: AbortSignal): Promise<void> {
    const checked = checkedRecords(records, { account: this.#collection.account, maxItems: BATCH.maxItems, dimension: this.#dimension });
    if (checked.length === 0) return;
    const body = { points: checked.map((record) => pointOf(this.#space, record)) };
    await this.#collection.ensure({ dimension: this.#dimension, keywordFields: KEYWORD_FIELDS, signal });
    // Somebody may have dropped the collection since it was last seen.
    if (await this.#put(body, signal)) return;
    this.#collection.forget();
    await this.#collection.ensure({ dimension: this.#dimension, keywordFields: KEYWORD_FIELDS, signal });
    if (await this.#put(body, signal)) return;
    throw new ProviderError('not_found', this.#collection.account, 'the collection was dropped twice while it was written to');
  }

  async query({ vector, topK, filter }: VectorQuery, signal: AbortSignal): Promise<readonly VectorMatch[]> {
    checkVector(vector, this.#collection.account, this.#dimension);
    const limit = boundedTopK(topK);
    if (limit === 0) return [];
    const body = { query: wireVector(vector), filter: filterOf(this.#space, filter), limit, with_payload: ['id'] };
    const result = await this.#collection.call({ method: 'POST', path: '/points/query', body, signal });
    return result === undefined ? [] : this.#points(result).map((point) => this.#matchOf(point));
  }

  async deleteByPrefix(prefix: string, signal: AbortSignal): Promise<void> {
    const filter = prefixFilterOf(this.#space, prefix);
    if (filter === undefined) return await this.#deleteListed(prefix, signal);
    await this.#collection.call({ method: 'POST', path: '/points/delete?wait=true', body: { filter }, signal });
  }

  async count(signal: AbortSignal): Promise<number> {
    const body = { filter: filterOf(this.#space), exact: true };
    const result = await this.#collection.call({ method: 'POST', path: '/points/count', body, signal });
    if (result === undefined) return 0;
    if (isObject(result) && typeof result['count'] === 'number') return result['count'];
    throw this.#collection.senseless('a count');
  }

  /** False when there is no such collection. */
  async #put(body: object, signal: AbortSignal): Promise<boolean> {
    const result = await this.#collection.call({ method: 'PUT', path: '/points?wait=true', body, signal });
    if (result === undefined) return false;
    if (isObject(result) && result['status'] === 'completed') return true;
    throw this.#collection.senseless('a completed write');
  }

  /** For prefixes that end within a part of an id, which no field of the payload holds. */
  async #deleteListed(prefix: string, signal: AbortSignal): Promise<void> {
    const found: unknown[] = [];
    let offset: unknown;
    do {
      const body = { filter: filterOf(this.#space), limit: SCROLL_PAGE, with_payload: ['id'], with_vector: false, ...(offset === undefined ? {} : { offset }) };
      const result = await this.#collection.call({ method: 'POST', path: '/points/scroll', body, signal });
      if (result === undefined) return;
      found.push(...this.#points(result).filter((point) => this.#recordId(point).startsWith(prefix)).map((point) => point['id']));
      offset = isObject(result) ? (result['next_page_offset'] ?? undefined) : undefined;
    } while (offset !== undefined);
    if (found.length > 0) await this.#collection.call({ method: 'POST', path: '/points/delete?wait=true', body: { points: found }, signal });
  }

  #points(result: unknown): Readonly<Record<string, unknown>>[] {
    const points = isObject(result) ? result['points'] : undefined;
    if (Array.isArray(points) && points.every(isObject)) return points;
    throw this.#collection.senseless('a list of points');
  }

  #matchOf(point: Readonly<Record<string, unknown>>): VectorMatch {
    const { score } = point;
    if (typeof score === 'number' && Number.isFinite(score)) return { id: this.#recordId(point), score };
    throw this.#collection.senseless('points with a score');
  }

  #recordId({ payload }: Readonly<Record<string, unknown>>): string {
    if (isObject(payload) && typeof payload['id'] === 'string') return payload['id'];
    throw this.#collection.senseless('points with the id of a record');
  }
}
