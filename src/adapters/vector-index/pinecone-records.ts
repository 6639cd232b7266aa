import type { PineconeRecord, RecordMetadata } from '@pinecone-database/pinecone';
import type { Metadata } from '#src/ports/answer.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorMatch, VectorRecord } from '#src/ports/vector-index.ts';
import { wireVector } from './checked-records.ts';

/** Where an index that somebody else filled holds what an answer needs. */
export interface ForeignFields {
  /** Metadata field of the text, such as `text`. */
  readonly textField: string;
  /** The record's id stands for a title that is not there. */
  readonly titleField?: string;
  readonly uriField?: string;
  /** Pinecone's default one when absent. */
  readonly namespace?: string;
}

/** Of Pinecone's 40 KB to a record. */
const MAX_METADATA_BYTES = 40_000;
const MAX_TITLE_LENGTH = 1000;
/** Pinecone has no null: this field lists the names of those that are. */
const NULL_FIELDS = 'null_fields';
/** Ours, with the names that other readers of the index expect; metadata of the same name moves aside. */
const OWN_FIELDS = new Set(['text', 'title', 'uri', NULL_FIELDS]);

/** A record as Pinecone keeps it; a text that does not fit is cut, since the store holds the whole. Throws ProviderError `too_large`. */
export function pineconeRecord(record: VectorRecord, account: string): PineconeRecord {
  return { id: record.id, values: wireVector(record.values), metadata: metadataOf(record, account) };
}

function metadataOf({ id, text, title, uri, metadata }: VectorRecord, account: string): RecordMetadata {
  const fields: RecordMetadata = { title: title.slice(0, MAX_TITLE_LENGTH).toWellFormed() };
  if (uri !== null) fields['uri'] = uri;
  const nulls: string[] = [];
  for (const [name, value] of Object.entries(metadata)) {
    if (value === null) nulls.push(name);
    else fields[fieldName(name)] = value;
  }
  if (nulls.length > 0) fields[NULL_FIELDS] = nulls;
  const room = MAX_METADATA_BYTES - jsonBytes({ ...fields, text: '' });
  if (room < 0) {
    throw new ProviderError('too_large', account, `expected at most ${MAX_METADATA_BYTES} bytes of metadata, got: ${MAX_METADATA_BYTES - room} (record ${id})`);
  }
  return { ...fields, text: cutToJsonBytes(text, room) };
}

/** What selects the records whose metadata holds all of `metadata`; undefined for no condition. */
export function pineconeFilter(metadata: Metadata | undefined): object | undefined {
  return filterOf(metadata, (name, value) => (value === null ? [NULL_FIELDS, { $in: [name] }] : [fieldName(name), { $eq: value }]));
}

/** The same for an index that somebody else filled, where null means that there is no such field. */
export function foreignFilter(metadata: Metadata | undefined): object | undefined {
  return filterOf(metadata, (name, value) => [name, value === null ? { $exists: false } : { $eq: value }]);
}

function filterOf(metadata: Metadata | undefined, conditionOf: (name: string, value: Metadata[string]) => readonly [string, object]): object | undefined {
  const conditions = Object.entries(metadata ?? {}).map(([name, value]) => {
    const [field, condition] = conditionOf(name, value);
    return { [field]: condition };
  });
  return conditions.length > 1 ? { $and: conditions } : conditions[0];
}

/** Gives every name a field of its own, beside ours; `$` begins an operator there. */
function fieldName(name: string): string {
  return name === '' || /^[_$]/.test(name) || OWN_FIELDS.has(name) ? `_${name}` : name;
}

/** Reads a record that somebody else wrote. */
export function foreignContent(id: string, metadata: RecordMetadata, fields: ForeignFields): NonNullable<VectorMatch['foreign']> {
  const values = Object.entries(metadata).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value] as const);
  const read = (field: string | undefined): string | undefined => {
    const value = values.find(([name]) => name === field)?.[1];
    return value === undefined ? undefined : String(value);
  };
  return {
    text: read(fields.textField) ?? '',
    title: read(fields.titleField) ?? id,
    uri: read(fields.uriField) ?? null,
    metadata: Object.fromEntries(values.filter(([name]) => name !== fields.textField)),
  };
}

function cutToJsonBytes(text: string, maxBytes: number): string {
  if (jsonBytes(text) - 2 <= maxBytes) return text;
  let fits = 0;
  let tooLong = Math.min(text.length, maxBytes) + 1;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (jsonBytes(text.slice(0, middle)) - 2 <= maxBytes) fits = middle;
    else tooLong = middle;
  }
  return withoutHalfPair(text.slice(0, fits));
}

function withoutHalfPair(text: string): string {
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text;
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
