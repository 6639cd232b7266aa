import type { EmulatorRequest } from '../emulator.ts';
import { compileFilter } from './filter.ts';
import { page } from './page.ts';
import type { IndexDescription, PineconeIndex } from './pinecone-index.ts';
import { namespaceOf, readBody } from './pinecone-index.ts';
import { invalid, refuseRpc } from './refusals.ts';
import type { SparseValues } from './similarity.ts';
import { denseScore, sparseScore } from './similarity.ts';
import type { StoredRecord } from './store.ts';
import { fetchByMetadataRequest, queryRequest, statsRequest } from './vector-schemas.ts';
import { checkDense, checkSparse } from './vector-writes.ts';

const MAX_TOP_K = 10_000;
const MAX_FETCH_IDS = 1000;
const MAX_LISTED = 100;
/** 4 MB. */
const MAX_RESULT_BYTES = 4 * 1024 * 1024;
const USAGE = { readUnits: 1 };

export interface QueryVector {
  readonly vector?: readonly number[];
  readonly sparseVector?: SparseValues;
}

export interface ScoredRecord {
  readonly record: StoredRecord;
  readonly score: number;
}

/** POST /query */
export function query(request: EmulatorRequest, index: PineconeIndex): object {
  const body = readBody(request.body, queryRequest);
  const namespace = namespaceOf(body.namespace);
  checkTopK(body.topK);
  const found = nearest(index, namespace, { vector: queryVector(body, index, namespace), topK: body.topK, filter: body.filter });
  return limited({
    results: [],
    matches: found.map(({ record, score }) => ({
      id: record.id,
      score,
      values: body.includeValues === true ? record.values : [],
      ...(body.includeValues === true && record.sparseValues !== undefined ? { sparseValues: record.sparseValues } : {}),
      ...(body.includeMetadata === true && record.metadata !== undefined ? { metadata: record.metadata } : {}),
    })),
    namespace: body.namespace ?? '',
    usage: USAGE,
  });
}

function limited(answer: object): object {
  const bytes = Buffer.byteLength(JSON.stringify(answer));
  if (bytes > MAX_RESULT_BYTES) throw refuseRpc(11, `Error, message length too large: found ${bytes} bytes, the limit is: ${MAX_RESULT_BYTES} bytes`);
  return answer;
}

export function checkTopK(topK: number): void {
  if (topK < 1 || topK > MAX_TOP_K) throw invalid(`top_k must be from 1 to ${MAX_TOP_K}, got ${topK}`);
}

interface Search {
  /** Undefined for an id that nobody has: it finds nothing. */
  readonly vector: QueryVector | undefined;
  readonly topK: number;
  readonly filter?: object | undefined;
}

/** The records that fit the filter, best first. */
export function nearest({ description, store }: PineconeIndex, namespace: string, { vector, topK, filter }: Search): readonly ScoredRecord[] {
  const matches = filter === undefined ? () => true : compileFilter(filter);
  if (vector === undefined) return [];
  const scored = [...store.records(namespace).values()]
    .filter((record) => matches(record.metadata ?? {}))
    .map((record) => ({ record, score: scoreOf(description, record, vector) }));
  const direction = description.metric === 'euclidean' ? 1 : -1;
  return scored.sort((a, b) => direction * (a.score - b.score) || (a.record.id < b.record.id ? -1 : 1)).slice(0, topK);
}

function scoreOf(index: IndexDescription, record: StoredRecord, { vector, sparseVector }: QueryVector): number {
  const dense = vector === undefined ? 0 : denseScore(index.metric, vector, record.values);
  const sparse = sparseVector === undefined || record.sparseValues === undefined ? 0 : sparseScore(sparseVector, record.sparseValues);
  return dense + sparse;
}

interface QueryBody extends QueryVector {
  readonly id?: string;
}

function queryVector({ id, vector, sparseVector }: QueryBody, { description, store }: PineconeIndex, namespace: string): QueryVector | undefined {
  if (id !== undefined) {
    if (vector !== undefined || sparseVector !== undefined) throw invalid("Cannot provide both 'ID' and 'vector' at the same time.");
    const record = store.records(namespace).get(id);
    return record && (description.vectorType === 'sparse' ? pickSparse(record) : { vector: record.values });
  }
  checkQueryVector({ ...(vector && { vector }), ...(sparseVector && { sparseVector }) }, description);
  return { ...(vector && { vector }), ...(sparseVector && { sparseVector }) };
}

function pickSparse(record: StoredRecord): QueryVector {
  return record.sparseValues === undefined ? {} : { sparseVector: record.sparseValues };
}

function checkQueryVector({ vector, sparseVector }: QueryVector, index: IndexDescription): void {
  if (sparseVector !== undefined) checkSparse(sparseVector);
  if (index.vectorType === 'sparse') {
    if (vector !== undefined) throw invalid('Cannot query a sparse index with a dense vector');
    if (sparseVector === undefined) throw invalid("Must provide 'id' or 'sparseVector'");
    return;
  }
  if (vector === undefined) throw invalid("Must provide either 'ID' or 'vector'");
  checkDense(vector, index, 'Query vector');
  if (sparseVector !== undefined && index.metric !== 'dotproduct') throw invalid('Index configuration does not support sparse values - only indexes that are sparse or using dotproduct are supported');
}

/** GET /vectors/fetch?ids=…&namespace= */
export function fetch({ url }: EmulatorRequest, { store }: PineconeIndex): object {
  const ids = url.searchParams.getAll('ids');
  if (ids.length === 0 || ids.length > MAX_FETCH_IDS) throw invalid(`The number of ids to fetch has to be from 1 to ${MAX_FETCH_IDS}, got ${ids.length}`);
  const namespace = namespaceOf(url.searchParams.get('namespace'));
  const records = store.records(namespace);
  const found = ids.flatMap((id) => records.get(id) ?? []);
  return { vectors: Object.fromEntries(found.map((record) => [record.id, record])), namespace, usage: USAGE };
}

/** POST /vectors/fetch_by_metadata */
export function fetchByMetadata(request: EmulatorRequest, { store }: PineconeIndex): object {
  const { namespace, filter, limit = 100, paginationToken } = readBody(request.body, fetchByMetadataRequest);
  const name = namespaceOf(namespace);
  const matches = compileFilter(filter);
  const records = [...store.records(name).values()].filter((record) => matches(record.metadata ?? {}));
  const { items, pagination } = page(records, (record) => record.id, { limit, after: paginationToken });
  return { vectors: Object.fromEntries(items.map((record) => [record.id, record])), namespace: name, ...pagination, usage: USAGE };
}

/** GET /vectors/list?prefix=&limit=&paginationToken=&namespace= */
export function list({ url }: EmulatorRequest, { store }: PineconeIndex): object {
  const prefix = url.searchParams.get('prefix') ?? '';
  const limit = Number(url.searchParams.get('limit') ?? MAX_LISTED);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED) throw invalid(`limit must be from 1 to ${MAX_LISTED}, got ${limit}`);
  const namespace = namespaceOf(url.searchParams.get('namespace'));
  const ids = [...store.records(namespace).keys()].filter((id) => id.startsWith(prefix));
  const { items, pagination } = page(ids, (id) => id, { limit, after: url.searchParams.get('paginationToken') ?? undefined });
  return { vectors: items.map((id) => ({ id })), ...pagination, namespace, usage: USAGE };
}

/** POST /describe_index_stats */
export function stats(request: EmulatorRequest, { description, store }: PineconeIndex): object {
  const { filter } = readBody(request.body.length === 0 ? Buffer.from('{}') : request.body, statsRequest);
  if (filter !== undefined && Object.keys(filter).length > 0) throw invalid('Serverless and Starter indexes do not support describing index stats with metadata filtering');
  const counts = [...store.namespaces].map(([name, records]) => [name, records.size] as const);
  return {
    namespaces: Object.fromEntries(counts.map(([name, vectorCount]) => [name, { vectorCount }])),
    indexFullness: 0,
    totalVectorCount: counts.reduce((sum, [, count]) => sum + count, 0),
    ...(description.vectorType === 'dense' ? { dimension: description.dimension } : {}),
    metric: description.metric,
    vectorType: description.vectorType,
    memoryFullness: 0,
    storageFullness: 0,
  };
}
