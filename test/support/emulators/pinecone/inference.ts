import { Type } from 'typebox';
import { bodyReader } from '../check-body.ts';
import { embedText, hashOf } from '../embedding.ts';
import type { EmulatorRequest } from '../emulator.ts';
import { strict } from '../shape.ts';
import { readBody } from './pinecone-index.ts';
import { refuseApi } from './refusals.ts';
import type { SparseValues } from './similarity.ts';

interface EmbeddingModelFacts {
  readonly vectorType: 'dense' | 'sparse';
  /** Empty for sparse ones; the first is the default. */
  readonly dimensions: readonly number[];
  readonly maxInputs: number;
  readonly maxTokens: number;
}

const EMBEDDING_MODELS: Readonly<Record<string, EmbeddingModelFacts>> = {
  'multilingual-e5-large': { vectorType: 'dense', dimensions: [1024], maxInputs: 96, maxTokens: 507 },
  'llama-text-embed-v2': { vectorType: 'dense', dimensions: [1024, 384, 512, 768, 2048], maxInputs: 96, maxTokens: 2048 },
  'pinecone-sparse-english-v0': { vectorType: 'sparse', dimensions: [], maxInputs: 96, maxTokens: 512 },
};

const RERANKER_MAX_DOCUMENTS: Readonly<Record<string, number>> = {
  'bge-reranker-v2-m3': 100,
  'pinecone-rerank-v0': 100,
  'cohere-rerank-3.5': 200,
};

const CHARACTERS_PER_TOKEN = 4;
const RERANKING_DIMENSION = 512;

const embedRequest = bodyReader(strict({
  model: Type.String(),
  inputs: Type.Array(strict({ text: Type.String() })),
  parameters: Type.Optional(strict({
    input_type: Type.Optional(Type.Union([Type.Literal('query'), Type.Literal('passage')])),
    truncate: Type.Optional(Type.Union([Type.Literal('END'), Type.Literal('NONE'), Type.Literal('START')])),
    dimension: Type.Optional(Type.Integer()),
    return_tokens: Type.Optional(Type.Boolean()),
  })),
}));

const rerankRequest = bodyReader(strict({
  model: Type.String(),
  query: Type.String(),
  documents: Type.Array(Type.Record(Type.String(), Type.Unknown())),
  top_n: Type.Optional(Type.Integer({ minimum: 1 })),
  return_documents: Type.Optional(Type.Boolean()),
  rank_fields: Type.Optional(Type.Array(Type.String())),
  parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
}));

function invalidArgument(message: string): Error {
  return refuseApi('INVALID_ARGUMENT', message);
}

/** POST /embed */
export function embed(request: EmulatorRequest): object {
  const { model, inputs, parameters = {} } = readBody(request.body, embedRequest, invalidArgument);
  const facts = embeddingModel(model);
  if (inputs.length === 0) throw invalidArgument('The list of inputs is empty');
  if (inputs.length > facts.maxInputs) throw invalidArgument(`Input size ${inputs.length} exceeds maximum batch size of ${facts.maxInputs} for model '${model}'`);
  if (parameters.input_type === undefined) throw invalidArgument(`Missing required parameter 'input_type' for model '${model}'`);
  const dimension = parameters.dimension ?? facts.dimensions[0];
  if (dimension !== undefined && !facts.dimensions.includes(dimension)) throw invalidArgument(`Dimension ${dimension} is not supported by model '${model}'`);
  const tokens = inputs.map(({ text }) => tokensOf(text));
  const tooLong = tokens.findIndex((count) => count > facts.maxTokens);
  if (tooLong >= 0 && parameters.truncate === 'NONE') throw invalidArgument(`Input at index ${tooLong} has ${tokens[tooLong]} tokens, the limit of model '${model}' is ${facts.maxTokens}`);
  return {
    model,
    vector_type: facts.vectorType,
    data: inputs.map(({ text }) => embedding(text, dimension)),
    usage: { total_tokens: tokens.reduce((sum, count) => sum + Math.min(count, facts.maxTokens), 0) },
  };
}

function embedding(text: string, dimension: number | undefined): object {
  if (dimension !== undefined) return { vector_type: 'dense', values: embedText(text, dimension) };
  const { indices, values } = embedSparsely(text);
  return { vector_type: 'sparse', sparse_indices: indices, sparse_values: values };
}

function embeddingModel(model: string): EmbeddingModelFacts {
  const facts = EMBEDDING_MODELS[model];
  if (facts === undefined) throw refuseApi('NOT_FOUND', `Model '${model}' not found`);
  return facts;
}

/** What an index with integrated embedding does to a text. */
export function embedForIndex(model: string, text: string): { readonly values: readonly number[]; readonly sparseValues?: SparseValues } {
  const dimension = embeddingModel(model).dimensions[0];
  return dimension === undefined ? { values: [], sparseValues: embedSparsely(text) } : { values: embedText(text, dimension) };
}

function embedSparsely(text: string): SparseValues {
  const counts = new Map<number, number>();
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) counts.set(hashOf(word), (counts.get(hashOf(word)) ?? 0) + 1);
  const entries = [...counts].sort(([a], [b]) => a - b);
  return { indices: entries.map(([index]) => index), values: entries.map(([, count]) => Math.log1p(count)) };
}

/** POST /rerank */
export function rerank(request: EmulatorRequest): object {
  const body = readBody(request.body, rerankRequest, invalidArgument);
  const { model, documents, query, top_n: topN = documents.length, return_documents: returnDocuments = true } = body;
  return {
    model,
    data: rank({ model, query, documents, field: body.rank_fields?.[0] ?? 'text' })
      .slice(0, topN)
      .map(({ index, score }) => ({ index, score, ...(returnDocuments ? { document: documents[index] } : {}) })),
    usage: { rerank_units: 1 },
  };
}

interface Ranking {
  readonly model: string;
  readonly query: string;
  readonly documents: readonly Readonly<Record<string, unknown>>[];
  readonly field: string;
}

/** Best first. */
export function rank({ model, query, documents, field }: Ranking): { readonly index: number; readonly score: number }[] {
  const maxDocuments = RERANKER_MAX_DOCUMENTS[model];
  if (maxDocuments === undefined) throw refuseApi('NOT_FOUND', `Model '${model}' not found`);
  if (query === '') throw invalidArgument('The query is empty');
  if (documents.length === 0) throw invalidArgument('The list of documents is empty');
  if (documents.length > maxDocuments) throw invalidArgument(`Number of documents ${documents.length} exceeds the limit of ${maxDocuments} for model '${model}'`);
  const question = embedText(query, RERANKING_DIMENSION);
  const scored = documents.map((document, index) => {
    const text = document[field];
    if (typeof text !== 'string') throw invalidArgument(`Document at index ${index} has no string in its field '${field}'`);
    return { index, score: similarity(question, embedText(text, RERANKING_DIMENSION)) };
  });
  return scored.sort((a, b) => b.score - a.score || a.index - b.index);
}

/** From 0 to 1. */
function similarity(a: readonly number[], b: readonly number[]): number {
  return Math.max(0, a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0));
}

function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARACTERS_PER_TOKEN));
}
