import type { EmulatorRequest } from '../emulator.ts';
import type { Collection, Distance } from './collection.ts';
import { readBody } from './read-body.ts';
import { collectionMissing, refuse } from './refusals.ts';
import { createCollection, createIndex } from './schemas.ts';

export type Collections = Map<string, Collection>;

const FIELD_TYPES: readonly string[] = ['keyword', 'integer', 'float', 'bool', 'geo', 'datetime', 'text', 'uuid'];

export function existing(collections: Collections, name: string): Collection {
  const collection = collections.get(name);
  if (collection === undefined) throw collectionMissing(name);
  return collection;
}

/** PUT /collections/NAME */
export function create(request: EmulatorRequest, name: string, collections: Collections): boolean {
  const { vectors } = readBody(request.body, createCollection);
  if (collections.has(name)) throw refuse(409, `Wrong input: Collection \`${name}\` already exists!`);
  collections.set(name, { size: vectors.size, distance: vectors.distance as Distance, points: new Map(), payloadIndex: new Map(), operations: 0 });
  return true;
}

/** GET /collections/NAME */
export function describe({ size, distance, points, payloadIndex }: Collection): object {
  return {
    status: 'green',
    optimizer_status: 'ok',
    indexed_vectors_count: 0,
    points_count: points.size,
    segments_count: 2,
    config: {
      params: { vectors: { size, distance }, shard_number: 1, replication_factor: 1, write_consistency_factor: 1, on_disk_payload: true },
      hnsw_config: { m: 16, ef_construct: 100, full_scan_threshold: 10_000, max_indexing_threads: 0, on_disk: false },
      optimizer_config: { deleted_threshold: 0.2, vacuum_min_vector_number: 1000, default_segment_number: 0, flush_interval_sec: 5 },
      wal_config: { wal_capacity_mb: 32, wal_segments_ahead: 0 },
      quantization_config: null,
    },
    payload_schema: Object.fromEntries([...payloadIndex].map(([field, type]) => [field, { data_type: type, points: points.size }])),
  };
}

/** PUT /collections/NAME/index */
export function indexPayload(request: EmulatorRequest, collection: Collection): object {
  const { field_name: field, field_schema: schema = 'keyword' } = readBody(request.body, createIndex);
  const type = typeof schema === 'string' ? schema : schema.type;
  if (!FIELD_TYPES.includes(type)) throw refuse(400, `Format error in JSON body: unknown variant \`${type}\`, expected one of ${FIELD_TYPES.join(', ')}`);
  collection.payloadIndex.set(field, type);
  return operation(request, collection);
}

/** The result of everything that writes: acknowledged unless the request waits. */
export function operation({ url }: EmulatorRequest, collection: Collection): object {
  collection.operations += 1;
  return { operation_id: collection.operations, status: isWaiting(url) ? 'completed' : 'acknowledged' };
}

export function isWaiting(url: URL): boolean {
  return url.searchParams.get('wait') === 'true';
}
