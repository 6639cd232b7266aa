import { badFormat } from './refusals.ts';

export type PointId = number | string;

const UUID = /^(urn:uuid:)?([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;

/** The key that a point is kept under. Throws Refusal for what is neither an unsigned integer nor a UUID. */
export function keyOf(id: PointId): PointId {
  if (typeof id === 'string' && UUID.test(id)) return plainUuid(id);
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0) return id;
  throw badFormat(`value ${JSON.stringify(id)} is not a valid point ID, valid values are either an unsigned integer or a UUID`);
}

/** As the service shows an id: a UUID with its dashes. */
export function shownId(id: PointId): PointId {
  return typeof id === 'string' ? plainUuid(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : id;
}

export function sameId(a: PointId, b: PointId): boolean {
  return typeof a === 'string' && typeof b === 'string' ? plainUuid(a) === plainUuid(b) : a === b;
}

/** In small letters and without dashes. */
function plainUuid(id: string): string {
  return id.toLowerCase().replace(/^urn:uuid:/, '').replaceAll('-', '');
}
