import { Type } from 'typebox';
import { bodyReader } from '../check-body.ts';
import type { EmulatorRequest } from '../emulator.ts';
import { strict } from '../shape.ts';
import { page } from './page.ts';
import type { PineconeIndex } from './pinecone-index.ts';
import { readBody } from './pinecone-index.ts';
import { invalid, refuseApi, refuseRpc } from './refusals.ts';

const MAX_LISTED = 100;
const createRequest = bodyReader(strict({ name: Type.String({ minLength: 1, maxLength: 512 }), schema: Type.Optional(Type.Unknown()) }));

/** GET /namespaces?limit=&paginationToken=&prefix= */
export function listNamespaces({ url }: EmulatorRequest, index: PineconeIndex): object {
  const limit = Number(url.searchParams.get('limit') ?? MAX_LISTED);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED) throw invalid(`limit must be from 1 to ${MAX_LISTED}, got ${limit}`);
  const prefix = url.searchParams.get('prefix') ?? '';
  const names = [...index.store.namespaces.keys()].filter((name) => name.startsWith(prefix));
  const { items, pagination } = page(names, (name) => name, { limit, after: url.searchParams.get('paginationToken') ?? undefined });
  return { namespaces: items.map((name) => describe(name, index)), total_count: names.length, ...pagination };
}

/** POST /namespaces */
export function createNamespace(request: EmulatorRequest, index: PineconeIndex): object {
  const { name } = readBody(request.body, createRequest);
  if (index.store.namespaces.has(name)) throw refuseApi('ALREADY_EXISTS', `Namespace '${name}' already exists`);
  index.store.createNamespace(name);
  return { name, record_count: 0 };
}

/** GET /namespaces/NAME */
export function describeNamespace(name: string, index: PineconeIndex): object {
  requireNamespace(name, index);
  return describe(name, index);
}

/** DELETE /namespaces/NAME */
export function deleteNamespace(name: string, index: PineconeIndex): object {
  requireNamespace(name, index);
  index.store.removeNamespace(name);
  return {};
}

function requireNamespace(name: string, index: PineconeIndex): void {
  if (!index.store.namespaces.has(name)) throw refuseRpc(5, 'Namespace not found');
}

function describe(name: string, index: PineconeIndex): object {
  return { name, record_count: index.store.records(name).size };
}
