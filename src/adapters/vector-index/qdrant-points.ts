import { createHash } from 'node:crypto';
import type { Metadata } from '#src/ports/answer.ts';
import type { VectorRecord } from '#src/ports/vector-index.ts';
import { wireVector } from './checked-records.ts';

/** A tenant's collection. */
export interface QdrantSpace {
  readonly tenant: string;
  readonly collection: string;
}

/** Fields of a payload that requests filter by; each has a keyword index. */
export const KEYWORD_FIELDS = ['tenant', 'collection', 'document', 'version', 'facts'] as const;

type KeywordField = (typeof KEYWORD_FIELDS)[number];

export interface QdrantCondition {
  readonly key: KeywordField;
  readonly match: { readonly value: string };
}

export interface QdrantFilter {
  readonly must: readonly QdrantCondition[];
}

/** A record as the point that Qdrant keeps: its own id goes into the payload, since Qdrant takes only numbers and UUIDs. */
export function pointOf(space: QdrantSpace, record: VectorRecord): object {
  const { document, version } = prefixesOf(record.id);
  return {
    id: pointId(space, record.id),
    vector: wireVector(record.values),
    payload: {
      ...space, id: record.id, ...(document === undefined ? {} : { document }), ...(version === undefined ? {} : { version }),
      text: record.text, title: record.title, uri: record.uri, metadata: record.metadata, facts: factsOf(record.metadata),
    },
  };
}

/** A UUID of version 8 (RFC 9562) made of a digest, so that the same record of the same space is always the same point. */
export function pointId({ tenant, collection }: QdrantSpace, id: string): string {
  const bytes = createHash('sha256').update(JSON.stringify([tenant, collection, id])).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Everything of a space, or what in it has all of `metadata`. Metadata is matched as whole facts (`["year",2020]`):
 * Qdrant matches no broken numbers and no nulls, and reads dots and brackets of a field's name as a path.
 */
export function filterOf(space: QdrantSpace, metadata: Metadata = {}): QdrantFilter {
  return { must: [...spaceConditions(space), ...factsOf(metadata).map((fact) => condition('facts', fact))] };
}

/** What of a space has ids that begin with `prefix`; undefined where no field of the payload says that. */
export function prefixFilterOf(space: QdrantSpace, prefix: string): QdrantFilter | undefined {
  const { document, version } = prefixesOf(prefix);
  if (prefix === '') return filterOf(space);
  if (prefix === document) return { must: [...spaceConditions(space), condition('document', document)] };
  if (prefix === version) return { must: [...spaceConditions(space), condition('version', version)] };
  return undefined;
}

/** Of `hash#version#n`: `hash#` and `hash#version#` (src/rag/vector-id.ts). */
function prefixesOf(id: string): { readonly document: string | undefined; readonly version: string | undefined } {
  const [version, document] = /^([^#]*#)[^#]*#/.exec(id) ?? [];
  return { document: document ?? /^[^#]*#/.exec(id)?.[0], version };
}

function factsOf(metadata: Metadata): string[] {
  return Object.entries(metadata).map((entry) => JSON.stringify(entry));
}

function spaceConditions({ tenant, collection }: QdrantSpace): readonly QdrantCondition[] {
  return [condition('tenant', tenant), condition('collection', collection)];
}

function condition(key: KeywordField, value: string): QdrantCondition {
  return { key, match: { value } };
}
