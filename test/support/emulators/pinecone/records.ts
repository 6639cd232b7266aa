import { Type } from 'typebox';
import { bodyReader } from '../check-body.ts';
import type { EmulatorRequest } from '../emulator.ts';
import { strict } from '../shape.ts';
import { embedForIndex, rank } from './inference.ts';
import { checkMetadata } from './metadata.ts';
import type { PineconeIndex } from './pinecone-index.ts';
import { namespaceOf, readBody } from './pinecone-index.ts';
import { refuseApi } from './refusals.ts';
import type { StoredRecord } from './store.ts';
import type { QueryVector, ScoredRecord } from './vector-reads.ts';
import { checkTopK, nearest } from './vector-reads.ts';
import { checkDense, checkId, checkSparse, MAX_UPSERT_BYTES } from './vector-writes.ts';

const MAX_TEXT_RECORDS = 96;

const anyObject = Type.Record(Type.String(), Type.Unknown());

const textRecord = bodyReader(Type.Object({ _id: Type.Optional(Type.String()), id: Type.Optional(Type.String()) }));

const searchRequest = bodyReader(strict({
  query: strict({
    top_k: Type.Integer(),
    filter: Type.Optional(anyObject),
    inputs: Type.Optional(strict({ text: Type.String({ minLength: 1 }) })),
    vector: Type.Optional(strict({
      values: Type.Optional(Type.Array(Type.Number())),
      sparse_values: Type.Optional(Type.Array(Type.Number())),
      sparse_indices: Type.Optional(Type.Array(Type.Integer())),
    })),
    id: Type.Optional(Type.String()),
  }),
  fields: Type.Optional(Type.Array(Type.String())),
  rerank: Type.Optional(strict({
    model: Type.String(),
    rank_fields: Type.Array(Type.String(), { minItems: 1 }),
    top_n: Type.Optional(Type.Integer({ minimum: 1 })),
    parameters: Type.Optional(anyObject),
    query: Type.Optional(Type.String()),
  })),
}));

type SearchQuery = Extract<ReturnType<typeof searchRequest>, { value: unknown }>['value']['query'];

function invalidArgument(message: string): Error {
  return refuseApi('INVALID_ARGUMENT', message);
}

/** POST /records/namespaces/NAME/upsert: one JSON object a line, embedded by the index. */
export function upsertRecords(request: EmulatorRequest, namespace: string, index: PineconeIndex): void {
  const { embed } = index.description;
  if (embed === undefined) throw invalidArgument('Integrated inference is not configured for this index');
  if (request.body.length > MAX_UPSERT_BYTES) throw invalidArgument(`Request size ${request.body.length} bytes exceeds the limit of ${MAX_UPSERT_BYTES} bytes`);
  const lines = request.body.toString('utf8').split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw invalidArgument('No records were given');
  if (lines.length > MAX_TEXT_RECORDS) throw invalidArgument(`Batch size ${lines.length} exceeds the limit of ${MAX_TEXT_RECORDS} text records`);
  index.store.upsert(namespaceOf(namespace), lines.map((line) => toRecord(line, embed)));
}

function toRecord(line: string, embed: { readonly model: string; readonly field: string }): StoredRecord {
  const { _id, id = _id, ...fields } = readBody(Buffer.from(line), textRecord, invalidArgument) as Record<string, unknown>;
  if (typeof id !== 'string') throw invalidArgument("Record must have an '_id' or 'id' field");
  checkId(id);
  const text = fields[embed.field];
  if (typeof text !== 'string' || text === '') throw invalidArgument(`Record '${id}' has no text in its field '${embed.field}'`);
  return { id, ...embedForIndex(embed.model, text), metadata: checkMetadata(fields) };
}

/** POST /records/namespaces/NAME/search */
export function searchRecords(request: EmulatorRequest, namespace: string, index: PineconeIndex): object {
  const { query, fields, rerank } = readBody(request.body, searchRequest, invalidArgument);
  checkTopK(query.top_k);
  const name = namespaceOf(namespace);
  const found = nearest(index, name, { vector: vectorOf(query, index, name), topK: query.top_k, filter: query.filter });
  const best = rerank === undefined ? found : reranked(found, rerank, query.inputs?.text);
  return {
    result: { hits: best.map(({ record, score }) => ({ _id: record.id, _score: score, fields: shownFields(record, fields) })) },
    usage: { read_units: 1, embed_total_tokens: query.inputs === undefined ? 0 : 5, ...(rerank === undefined ? {} : { rerank_units: 1 }) },
  };
}

function vectorOf({ inputs, vector, id }: SearchQuery, { description, store }: PineconeIndex, namespace: string): QueryVector | undefined {
  if ([inputs, vector, id].filter((way) => way !== undefined).length !== 1) throw invalidArgument("Exactly one of 'inputs', 'vector' and 'id' has to be given");
  if (inputs !== undefined) {
    if (description.embed === undefined) throw invalidArgument('Integrated inference is not configured for this index');
    return asQuery(embedForIndex(description.embed.model, inputs.text));
  }
  if (id !== undefined) {
    const record = store.records(namespace).get(id);
    return record && asQuery(record);
  }
  const { values, sparse_values: sparseValues, sparse_indices: indices } = vector ?? {};
  if (values !== undefined) checkDense(values, description, 'Query vector');
  if (sparseValues === undefined || indices === undefined) return values === undefined ? {} : { vector: values };
  checkSparse({ indices, values: sparseValues });
  return { ...(values && { vector: values }), sparseVector: { indices, values: sparseValues } };
}

function asQuery({ values, sparseValues }: Pick<StoredRecord, 'values' | 'sparseValues'>): QueryVector {
  return { ...(values.length > 0 ? { vector: values } : {}), ...(sparseValues === undefined ? {} : { sparseVector: sparseValues }) };
}

interface Reranking {
  readonly model: string;
  readonly rank_fields: readonly string[];
  readonly top_n?: number;
  readonly query?: string;
}

function reranked(found: readonly ScoredRecord[], { model, rank_fields: [field = ''], top_n: topN, query }: Reranking, text = ''): readonly ScoredRecord[] {
  if (found.length === 0) return [];
  const documents = found.map(({ record }) => record.metadata ?? {});
  const ranking = rank({ model, query: query ?? text, documents, field });
  return ranking.slice(0, topN).flatMap(({ index, score }) => {
    const hit = found[index];
    return hit === undefined ? [] : [{ record: hit.record, score }];
  });
}

function shownFields(record: StoredRecord, fields: readonly string[] | undefined): object {
  const all = Object.entries(record.metadata ?? {});
  return Object.fromEntries(fields === undefined ? all : all.filter(([name]) => fields.includes(name)));
}
