import { startEmulator } from '../emulator.ts';
import type { Emulator, EmulatorAnswer, EmulatorOptions, EmulatorRequest } from '../emulator.ts';
import { describeIndex } from './controller.ts';
import { embed, rerank } from './inference.ts';
import { createNamespace, deleteNamespace, describeNamespace, listNamespaces } from './namespaces.ts';
import type { IndexDescription, PineconeIndex } from './pinecone-index.ts';
import { searchRecords, upsertRecords } from './records.ts';
import { jsonHeaders, refuseApi, refuseAtTheDoor, refuseRpc, scriptedRefusal } from './refusals.ts';
import { RecordStore } from './store.ts';
import type { StoredRecord } from './store.ts';
import { fetch, fetchByMetadata, list, query, stats } from './vector-reads.ts';
import { remove, update, upsert } from './vector-writes.ts';

export const PINECONE_KEY = 'emulated-pinecone-key';
export const PINECONE_INDEX = 'rag-docs';

export interface PineconeOptions extends EmulatorOptions {
  /** @defaultValue `rag-docs`, dense, 1024, cosine */
  readonly index?: Partial<IndexDescription>;
  /** Milliseconds until an acknowledged write is seen. @defaultValue 0 */
  readonly visibilityDelayMs?: number;
  /** The clock that `visibilityDelayMs` runs by. @defaultValue performance.now */
  readonly nowMs?: () => number;
}

export interface PineconeEmulator extends Emulator {
  readonly index: IndexDescription;
  /** What a read sees now, by namespace and id; the default namespace is `__default__`. */
  readonly namespaces: ReadonlyMap<string, ReadonlyMap<string, StoredRecord>>;
  /** Makes every acknowledged write visible. */
  settle(): void;
}

type Operation = (request: EmulatorRequest, index: PineconeIndex) => object;

const VECTOR_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /vectors/upsert': upsert,
  'POST /vectors/delete': remove,
  'POST /vectors/update': update,
  'POST /vectors/fetch_by_metadata': fetchByMetadata,
  'GET /vectors/fetch': fetch,
  'GET /vectors/list': list,
  'POST /query': query,
  'POST /describe_index_stats': stats,
  'GET /namespaces': listNamespaces,
  'POST /namespaces': createNamespace,
  'POST /embed': embed,
  'POST /rerank': rerank,
};

/** The index's own operations, the controller and inference on one address. */
export async function startPinecone(options: PineconeOptions = {}): Promise<PineconeEmulator> {
  const description: IndexDescription = { name: PINECONE_INDEX, vectorType: 'dense', dimension: 1024, metric: 'cosine', ...options.index };
  const { visibilityDelayMs = 0, nowMs = () => performance.now() } = options;
  const store = new RecordStore({ visibilityDelayMs, nowMs });
  const index = { description, store };
  const emulator = await startEmulator((request) => handle(request, index, options.key ?? PINECONE_KEY), options);
  return Object.defineProperties(emulator as PineconeEmulator, {
    index: { value: description, enumerable: true },
    namespaces: { get: () => store.namespaces, enumerable: true },
    settle: { value: () => store.settle(), enumerable: true },
  });
}

function handle(request: EmulatorRequest, index: PineconeIndex, key: string): EmulatorAnswer {
  if (request.error !== undefined) throw scriptedRefusal(request.error);
  if (request.headers['api-key'] !== key) throw refuseAtTheDoor(401, 'Invalid API Key');
  const version = request.headers['x-pinecone-api-version'];
  if (typeof version !== 'string' || !/^(\d{4}-\d{2}|unstable)$/.test(version)) {
    throw refuseAtTheDoor(400, `Invalid API version ${JSON.stringify(version ?? '')} in the header X-Pinecone-Api-Version`);
  }
  const operation = VECTOR_OPERATIONS[`${request.method} ${request.url.pathname}`];
  if (operation !== undefined) return answer(200, operation(request, index));
  return handleNamed(request, index, version);
}

/** What has a name in its path. */
function handleNamed(request: EmulatorRequest, index: PineconeIndex, version: string): EmulatorAnswer {
  const [first, second = '', third = '', fourth = ''] = request.url.pathname.slice(1).split('/').map(decodeURIComponent);
  const route = `${request.method} ${first}${first === 'records' ? `/${second}/*/${fourth}` : ''}`;
  if (route === 'GET indexes' && second !== '') return answer(200, describeNamed(request, second, index, version));
  if (route === 'GET namespaces') return answer(200, describeNamespace(second, index));
  if (route === 'DELETE namespaces') return answer(202, deleteNamespace(second, index));
  if (route === 'POST records/namespaces/*/search') return answer(200, searchRecords(request, third, index));
  if (route === 'POST records/namespaces/*/upsert') {
    upsertRecords(request, third, index);
    return { status: 201, headers: jsonHeaders(), body: '' };
  }
  if (route === 'GET indexes') return answer(200, { indexes: [describeNamed(request, index.description.name, index, version)] });
  throw refuseRpc(5, `There is no ${request.method} ${request.url.pathname}`);
}

function describeNamed(request: EmulatorRequest, name: string, { description }: PineconeIndex, version: string): object {
  if (name !== description.name) throw refuseApi('NOT_FOUND', `Resource ${name} not found`);
  return describeIndex(description, `http://${request.headers.host ?? ''}`, version);
}

function answer(status: number, body: object): EmulatorAnswer {
  return { status, headers: jsonHeaders(), body: JSON.stringify(body) };
}
