import type { EmulatorRequest } from '../emulator.ts';
import { isWaiting, operation } from './collections.ts';
import type { Collection, Point } from './collection.ts';
import { checkVector, isBetter, kept, scoreOf } from './collection.ts';
import { compileFilter } from './compile-filter.ts';
import type { PointId } from './point-id.ts';
import { keyOf, shownId } from './point-id.ts';
import { readBody } from './read-body.ts';
import { badFormat, badInput, refuse } from './refusals.ts';
import { countPoints, deletePoints, queryPoints, retrievePoints, scrollPoints, upsertPoints } from './schemas.ts';
import type { WithPayload } from './schemas.ts';

const DEFAULT_LIMIT = 10;

/** PUT /collections/NAME/points?wait= : without `wait` a vector of another dimension is dropped in silence. */
export function upsert(request: EmulatorRequest, collection: Collection): object {
  const { points } = readBody(request.body, upsertPoints);
  if (points.length === 0) throw badInput('Empty update request');
  const keyed = points.map((point) => [keyOf(point.id), { id: shownId(point.id), vector: kept(point.vector, collection), payload: point.payload ?? {} }] as const);
  const isAccepted = isWaiting(request.url) ? true : keyed.every(([, { vector }]) => vector.length === collection.size);
  if (!isAccepted) return operation(request, collection);
  for (const [, { vector }] of keyed) checkVector(vector, collection);
  for (const [key, point] of keyed) collection.points.set(key, point);
  return operation(request, collection);
}

/** POST /collections/NAME/points/delete?wait= */
export function remove(request: EmulatorRequest, collection: Collection): object {
  const { points, filter } = readBody(request.body, deletePoints);
  if ((points === undefined) === (filter === undefined)) throw badFormat('data did not match any variant of untagged enum PointsSelector');
  const keys = points?.map(keyOf) ?? [...selected(collection, filter)].map(({ id }) => keyOf(id));
  for (const key of keys) collection.points.delete(key);
  return operation(request, collection);
}

/** POST /collections/NAME/points/query */
export function query(request: EmulatorRequest, collection: Collection): object {
  const body = readBody(request.body, queryPoints);
  const target = targetOf(body.query, collection);
  const scored = selected(collection, body.filter)
    .filter((point) => point.id !== target?.self)
    .map((point) => ({ point, score: target === undefined ? 0 : scoreOf(collection, target.vector, point.vector) }))
    .filter(({ score }) => body.score_threshold === undefined || isBetter(collection, score, body.score_threshold) <= 0)
    .sort((a, b) => isBetter(collection, a.score, b.score));
  const { offset = 0, limit = DEFAULT_LIMIT } = body;
  const { with_payload: withPayload = false, with_vector: withVector = false } = body;
  return { points: scored.slice(offset, offset + limit).map(({ point, score }) => ({ ...shown(point, { withPayload, withVector }), version: 0, score })) };
}

interface Target {
  readonly vector: readonly number[];
  /** Of a query by id: the point itself is not found. */
  readonly self?: PointId;
}

type Query = readonly number[] | PointId | { readonly nearest: readonly number[] };

function targetOf(query: Query | undefined, collection: Collection): Target | undefined {
  if (query === undefined) return undefined;
  if (typeof query === 'number' || typeof query === 'string') {
    const point = collection.points.get(keyOf(query));
    if (point === undefined) throw refuse(404, `Not found: No point with id ${query} found`);
    return { vector: point.vector, self: point.id };
  }
  const vector = 'nearest' in query ? query.nearest : query;
  checkVector(vector, collection);
  return { vector: kept(vector, collection) };
}

/** POST /collections/NAME/points/count */
export function count(request: EmulatorRequest, collection: Collection): object {
  const { filter } = readBody(request.body, countPoints);
  return { count: selected(collection, filter).length };
}

/** POST /collections/NAME/points/scroll: in the order of the ids, `next_page_offset` is the first id of the next page. */
export function scroll(request: EmulatorRequest, collection: Collection): object {
  const { filter, offset, limit = DEFAULT_LIMIT, with_payload: withPayload = true, with_vector: withVector = false } = readBody(request.body, scrollPoints);
  const from = offset === undefined || offset === null ? undefined : shownId(offset);
  const points = selected(collection, filter).sort((a, b) => compareIds(a.id, b.id)).filter(({ id }) => from === undefined || compareIds(id, from) >= 0);
  return {
    points: points.slice(0, limit).map((point) => shown(point, { withPayload, withVector })),
    next_page_offset: points[limit]?.id ?? null,
  };
}

/** POST /collections/NAME/points */
export function retrieve(request: EmulatorRequest, collection: Collection): object {
  const { ids, with_payload: withPayload = true, with_vector: withVector = false } = readBody(request.body, retrievePoints);
  return ids.flatMap((id) => collection.points.get(keyOf(id)) ?? []).map((point) => shown(point, { withPayload, withVector }));
}

function selected(collection: Collection, filter: unknown): Point[] {
  const points = [...collection.points.values()];
  return filter === undefined || filter === null ? points : points.filter(compileFilter(filter));
}

/** Numbers come before UUIDs. */
function compareIds(a: PointId, b: PointId): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === typeof b) return String(a) < String(b) ? -1 : Number(a !== b);
  return typeof a === 'number' ? -1 : 1;
}

interface Shown {
  readonly withPayload: WithPayload;
  readonly withVector: boolean;
}

function shown({ id, vector, payload }: Point, { withPayload, withVector }: Shown): object {
  return { id, ...(withPayload === false ? {} : { payload: picked(payload, withPayload) }), ...(withVector ? { vector } : {}) };
}

function picked(payload: Point['payload'], withPayload: WithPayload): object {
  if (typeof withPayload === 'boolean' || withPayload === undefined) return payload;
  const isShown = 'exclude' in withPayload
    ? (field: string) => !withPayload.exclude.includes(field)
    : (field: string) => (Array.isArray(withPayload) ? withPayload : withPayload.include).includes(field);
  return Object.fromEntries(Object.entries(payload).filter(([field]) => isShown(field)));
}
