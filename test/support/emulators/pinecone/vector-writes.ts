import type { EmulatorRequest } from '../emulator.ts';
import { compileFilter } from './filter.ts';
import { checkMetadata } from './metadata.ts';
import type { IndexDescription, PineconeIndex } from './pinecone-index.ts';
import { namespaceOf, readBody } from './pinecone-index.ts';
import { invalid, refuseRpc } from './refusals.ts';
import type { SparseValues } from './similarity.ts';
import type { StoredRecord } from './store.ts';
import { deleteRequest, updateRequest, upsertRequest } from './vector-schemas.ts';

export const MAX_UPSERT_RECORDS = 1000;
/** 2 MB. */
export const MAX_UPSERT_BYTES = 2 * 1024 * 1024;
const MAX_DELETE_IDS = 1000;
const MAX_ID_CHARACTERS = 512;
const MAX_SPARSE_VALUES = 2048;
const SMALLEST_MAGNITUDE = 1e-8;

interface WrittenVector {
  readonly id: string;
  readonly values?: readonly number[];
  readonly sparseValues?: SparseValues;
  readonly metadata?: object;
}

/** POST /vectors/upsert */
export function upsert(request: EmulatorRequest, { description, store }: PineconeIndex): object {
  if (request.body.length > MAX_UPSERT_BYTES) {
    throw refuseRpc(11, `Error, message length too large: found ${request.body.length} bytes, the limit is: ${MAX_UPSERT_BYTES} bytes`);
  }
  const { vectors, namespace } = readBody(request.body, upsertRequest);
  if (vectors.length === 0) throw invalid('No vectors were given');
  if (vectors.length > MAX_UPSERT_RECORDS) throw invalid(`The number of vectors in an upsert, ${vectors.length}, exceeds the limit of ${MAX_UPSERT_RECORDS}`);
  store.upsert(namespaceOf(namespace), vectors.map((vector) => checkRecord(vector, description)));
  return { upsertedCount: vectors.length };
}

/** POST /vectors/delete */
export function remove(request: EmulatorRequest, { store }: PineconeIndex): object {
  const { ids, deleteAll, filter, namespace } = readBody(request.body, deleteRequest);
  const name = namespaceOf(namespace);
  const ways = [ids !== undefined, deleteAll === true, filter !== undefined].filter(Boolean).length;
  if (ways !== 1) throw invalid('Exactly one of ids, deleteAll and filter has to be given');
  const matches = filter === undefined ? undefined : compileFilter(filter);
  if (ids !== undefined) checkDeletedIds(ids);
  if (!store.namespaces.has(name)) throw refuseRpc(5, 'Namespace not found');
  if (deleteAll === true) store.removeNamespace(name);
  else store.remove(name, ids ?? [...store.records(name).values()].filter((record) => matches?.(record.metadata ?? {})).map((record) => record.id));
  return {};
}

function checkDeletedIds(ids: readonly string[]): void {
  if (ids.length === 0) throw invalid('The list of ids to delete is empty');
  if (ids.length > MAX_DELETE_IDS) throw invalid(`The number of ids to delete, ${ids.length}, exceeds the limit of ${MAX_DELETE_IDS}`);
}

/** POST /vectors/update */
export function update(request: EmulatorRequest, { description, store }: PineconeIndex): object {
  const { id, values, sparseValues, setMetadata, namespace, filter, dryRun } = readBody(request.body, updateRequest);
  const name = namespaceOf(namespace);
  if ((id === undefined) === (filter === undefined)) throw invalid('Exactly one of id and filter has to be given');
  if (filter !== undefined && (values !== undefined || sparseValues !== undefined)) throw invalid('An update by filter changes metadata only');
  if (values !== undefined) checkDense(values, description);
  if (sparseValues !== undefined) checkSparse(sparseValues);
  const metadata = setMetadata === undefined ? undefined : checkMetadata(setMetadata);
  const matches = filter === undefined ? undefined : compileFilter(filter);
  const ids = matches === undefined ? [id ?? ''] : [...store.records(name).values()].filter((record) => matches(record.metadata ?? {})).map((record) => record.id);
  if (dryRun !== true) {
    store.update(name, ids, (record) => ({
      ...record,
      ...(values === undefined ? {} : { values }),
      ...(sparseValues === undefined ? {} : { sparseValues }),
      ...(metadata === undefined ? {} : { metadata: { ...record.metadata, ...metadata } }),
    }));
  }
  return matches === undefined ? {} : { matchedRecords: ids.length };
}

function checkRecord(vector: WrittenVector, index: IndexDescription): StoredRecord {
  checkId(vector.id);
  if (vector.sparseValues !== undefined) checkSparse(vector.sparseValues);
  if (index.vectorType === 'sparse') {
    if (vector.values !== undefined && vector.values.length > 0) throw invalid('Cannot upsert dense values into a sparse index');
    if (vector.sparseValues === undefined) throw invalid(`Vector ${vector.id} must contain sparse values`);
  } else {
    checkDense(vector.values ?? [], index);
    if (vector.sparseValues !== undefined && index.metric !== 'dotproduct') throw invalid('Index configuration does not support sparse values - only indexes that are sparse or using dotproduct are supported');
  }
  return {
    id: vector.id,
    values: vector.values ?? [],
    ...(vector.sparseValues === undefined ? {} : { sparseValues: vector.sparseValues }),
    ...(vector.metadata === undefined ? {} : { metadata: checkMetadata(vector.metadata) }),
  };
}

export function checkId(id: string): void {
  if (id === '') throw invalid('Vector ID must not be empty');
  if (id.length > MAX_ID_CHARACTERS) throw invalid(`Vector ID is too long: ${id.length} characters, the limit is ${MAX_ID_CHARACTERS}`);
  if (Buffer.byteLength(id) !== id.length) throw invalid(`Vector ID must be ASCII, but got '${id}'`);
}

export function checkDense(values: readonly number[], index: IndexDescription, what = 'Vector'): void {
  if (values.length !== index.dimension) throw invalid(`${what} dimension ${values.length} does not match the dimension of the index ${index.dimension}`);
  if (values.every((value) => Math.abs(value) < SMALLEST_MAGNITUDE)) {
    throw invalid('Dense vectors must contain at least one non-zero value');
  }
}

export function checkSparse({ indices, values }: SparseValues): void {
  if (indices.length !== values.length) throw invalid('Sparse indices and values must have the same length');
  if (indices.length === 0) throw invalid('Sparse vector must contain at least one value');
  if (indices.length > MAX_SPARSE_VALUES) throw invalid(`Sparse vector size ${indices.length} exceeds the limit of ${MAX_SPARSE_VALUES}`);
  if (new Set(indices).size !== indices.length) throw invalid('Sparse vector must not have duplicate indices');
}
