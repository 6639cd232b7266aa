import { createPineconeClient } from '#src/adapters/pinecone-client.ts';
import type { BatchLimits } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorIndex, VectorMatch, VectorQuery, VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import { boundedTopK, checkedRecords, checkVector, wireVector } from './checked-records.ts';
import { pineconeNamespace } from './pinecone-namespace.ts';
import { foreignContent, foreignFilter, pineconeFilter, pineconeRecord } from './pinecone-records.ts';
import type { ForeignFields } from './pinecone-records.ts';
import { PineconeRemote } from './pinecone-remote.ts';

export interface PineconeIndexOptions {
  readonly index: string;
  readonly apiKey: string;
  /** Of the index, with or without `https://`; asked for once by name when absent. */
  readonly host?: string;
  /** Of the controller, `https://api.pinecone.io` when absent. */
  readonly controllerHost?: string;
  /** The index is somebody else's: it is read as it is, for every tenant, and never written to. */
  readonly foreign?: ForeignFields;
}

/** Of Pinecone's 1000 records and 2 MB to a request. */
const BATCH: BatchLimits = { maxItems: 1000, maxBytes: 1_900_000 };
const LIST_PAGE = 100;
const DELETE_PAGE = 1000;

/** A dense index of Pinecone's, with a namespace for each tenant's collection. */
export function createPineconeIndex({ index, apiKey, host, controllerHost, foreign }: PineconeIndexOptions): VectorIndex {
  const client = createPineconeClient({ apiKey, ...(controllerHost === undefined ? {} : { controllerHost }) });
  const remote = new PineconeRemote({ name: index, client, host });
  return {
    id: `pinecone:${index}`,
    account: remote.account,
    batch: BATCH,
    space: (tenant, collection) =>
      foreign === undefined ? new PineconeSpace(remote, pineconeNamespace(tenant, collection)) : new ForeignSpace(remote, foreign),
    dimension: (signal) => remote.dimension(signal),
  };
}

class PineconeSpace implements VectorSpace {
  readonly #remote: PineconeRemote;
  readonly #namespace: string;

  constructor(remote: PineconeRemote, namespace: string) {
    this.#remote = remote;
    this.#namespace = namespace;
  }

  async upsert(records: readonly VectorRecord[], signal: AbortSignal): Promise<void> {
    const { account } = this.#remote;
    const checked = checkedRecords(records, { account, maxItems: BATCH.maxItems }).map((record) => pineconeRecord(record, account));
    if (checked.length === 0) return;
    const { wire } = await this.#remote.call(this.#namespace, (index) => index.upsert({ records: checked }), signal);
    if (wire['upsertedCount'] !== checked.length) throw this.#remote.senseless(`${checked.length} records upserted`);
  }

  async query({ vector, topK, filter }: VectorQuery, signal: AbortSignal): Promise<readonly VectorMatch[]> {
    const matches = await queryMatches(this.#remote, this.#namespace, { vector, topK, filter: pineconeFilter(filter), includeMetadata: false }, signal);
    return matches.map(({ id, score }) => ({ id, score }));
  }

  /** By their ids, which every kind of index can list; of a namespace that does not exist there are none. */
  async deleteByPrefix(prefix: string, signal: AbortSignal): Promise<void> {
    const ids = await this.#list(prefix, signal);
    for (let start = 0; start < ids.length; start += DELETE_PAGE) {
      const page = ids.slice(start, start + DELETE_PAGE);
      await this.#unlessMissing(this.#remote.call(this.#namespace, (index) => index.deleteMany({ ids: page }), signal));
    }
  }

  async count(signal: AbortSignal): Promise<number> {
    const { value, wire } = await this.#remote.call(this.#namespace, (index) => index.describeIndexStats(), signal);
    if (wire['namespaces'] === undefined) throw this.#remote.senseless('the namespaces of the index');
    return value.namespaces?.[this.#namespace]?.recordCount ?? 0;
  }

  /** All of them before the first is deleted: a page may be counted from the beginning. */
  async #list(prefix: string, signal: AbortSignal): Promise<string[]> {
    const ids: string[] = [];
    let paginationToken: string | undefined;
    do {
      const options = { limit: LIST_PAGE, ...(prefix === '' ? {} : { prefix }), ...(paginationToken === undefined ? {} : { paginationToken }) };
      const answer = await this.#unlessMissing(this.#remote.call(this.#namespace, (index) => index.listPaginated(options), signal));
      if (answer === undefined) return ids;
      if (!Array.isArray(answer.wire['vectors'])) throw this.#remote.senseless('a list of ids');
      for (const { id } of answer.value.vectors ?? []) if (id !== undefined) ids.push(id);
      paginationToken = answer.value.pagination?.next;
    } while (paginationToken !== undefined && paginationToken !== '');
    return ids;
  }

  async #unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof ProviderError && error.failure === 'not_found' && error.status === 404) return undefined;
      throw error;
    }
  }
}

class ForeignSpace implements VectorSpace {
  readonly #remote: PineconeRemote;
  readonly #fields: ForeignFields;

  constructor(remote: PineconeRemote, fields: ForeignFields) {
    this.#remote = remote;
    this.#fields = fields;
  }

  upsert(): Promise<void> {
    return Promise.reject(new ProviderError('bad_request', this.#remote.account, 'the index is only read: it belongs to somebody else'));
  }

  async query({ vector, topK, filter }: VectorQuery, signal: AbortSignal): Promise<readonly VectorMatch[]> {
    const query = { vector, topK, filter: foreignFilter(filter), includeMetadata: true };
    const matches = await queryMatches(this.#remote, this.#fields.namespace ?? '', query, signal);
    return matches.map(({ id, score, metadata }) => ({ id, score, foreign: foreignContent(id, metadata ?? {}, this.#fields) }));
  }

  /** Nothing of ours is there. */
  deleteByPrefix(): Promise<void> {
    return Promise.resolve();
  }

  async count(signal: AbortSignal): Promise<number> {
    const { value } = await this.#remote.call('', (index) => index.describeIndexStats(), signal);
    return value.namespaces?.[this.#fields.namespace ?? '__default__']?.recordCount ?? 0;
  }
}

interface WireQuery {
  readonly vector: Float32Array;
  readonly topK: number;
  readonly filter: object | undefined;
  readonly includeMetadata: boolean;
}

async function queryMatches(remote: PineconeRemote, namespace: string, query: WireQuery, signal: AbortSignal) {
  const { vector, filter, includeMetadata } = query;
  checkVector(vector, remote.account);
  const topK = boundedTopK(query.topK);
  if (topK === 0) return [];
  const options = { vector: wireVector(vector), topK, includeMetadata, includeValues: false, ...(filter === undefined ? {} : { filter }) };
  const { value, wire } = await remote.call(namespace, (index) => index.query(options), signal);
  if (!Array.isArray(wire['matches'])) throw remote.senseless('matches');
  return value.matches.map(({ id, score, metadata }) => {
    if (typeof id === 'string' && typeof score === 'number' && Number.isFinite(score)) return { id, score, metadata };
    throw remote.senseless('matches that have an id and a score');
  });
}
