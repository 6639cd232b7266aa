import { startEmulator } from '../emulator.ts';
import type { Emulator, EmulatorAnswer, EmulatorOptions, EmulatorRequest } from '../emulator.ts';
import type { Collection } from './collection.ts';
import { create, describe, existing, indexPayload } from './collections.ts';
import type { Collections } from './collections.ts';
import { count, query, remove, retrieve, scroll, upsert } from './points.ts';
import { refuse, scriptedRefusal, TIME, unauthorized } from './refusals.ts';

export const QDRANT_KEY = 'emulated-qdrant-key';

export interface QdrantEmulator extends Emulator {
  readonly collections: ReadonlyMap<string, Collection>;
}

type Operation = (request: EmulatorRequest, collection: Collection) => unknown;

/** What is done to a collection that exists, by what follows its name. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET ': (_, collection) => describe(collection),
  'PUT /index': indexPayload,
  'PUT /points': upsert,
  'POST /points': retrieve,
  'POST /points/query': query,
  'POST /points/delete': remove,
  'POST /points/count': count,
  'POST /points/scroll': scroll,
};

export async function startQdrant(options: EmulatorOptions = {}): Promise<QdrantEmulator> {
  const collections: Collections = new Map();
  const emulator = await startEmulator((request) => handle(request, collections, options.key ?? QDRANT_KEY), options);
  return Object.defineProperty(emulator as QdrantEmulator, 'collections', { value: collections, enumerable: true });
}

function handle(request: EmulatorRequest, collections: Collections, key: string): EmulatorAnswer {
  if (request.error !== undefined) throw scriptedRefusal(request.error);
  if (request.url.pathname === '/healthz') return { headers: { 'content-type': 'text/plain' }, body: 'healthz check passed' };
  checkKey(request, key);
  if (request.url.pathname === '/') return { body: JSON.stringify({ title: 'qdrant - vector search engine', version: '1.19.0', commit: '' }) };
  return { body: JSON.stringify({ result: route(request, collections), status: 'ok', time: TIME }) };
}

function checkKey({ headers }: EmulatorRequest, key: string): void {
  if (headers['api-key'] !== key && headers.authorization !== `Bearer ${key}`) throw unauthorized();
}

function route(request: EmulatorRequest, collections: Collections): unknown {
  const [, root, encodedName, ...rest] = request.url.pathname.replace(/\/$/, '').split('/');
  if (root !== 'collections') throw routeMissing();
  if (encodedName === undefined) return { collections: [...collections.keys()].map((name) => ({ name })) };
  const name = decodeURIComponent(encodedName);
  const action = `${request.method} ${rest.map((part) => `/${part}`).join('')}`;
  if (action === 'PUT ') return create(request, name, collections);
  if (action === 'DELETE ') return collections.delete(name);
  if (action === 'GET /exists') return { exists: collections.has(name) };
  const operate = OPERATIONS[action];
  if (operate === undefined) throw routeMissing();
  return operate(request, existing(collections, name));
}

function routeMissing(): Error {
  return refuse(404, 'Not found');
}
