import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { bodyReader } from '../check-body.ts';
import type { CheckedBody } from '../check-body.ts';
import { embedText } from '../embedding.ts';
import type { EmulatorAnswer } from '../emulator.ts';
import { strict } from '../shape.ts';
import { invocationAnswer, malformed, readInvocation, tokensOf } from './invoke.ts';

const MAX_TEXTS = 96;

const inputType = Type.Union(['search_document', 'search_query', 'classification', 'clustering'].map((type) => Type.Literal(type)));
const embeddingTypes = Type.Optional(Type.Array(Type.Union(['float', 'int8', 'uint8', 'binary', 'ubinary'].map((type) => Type.Literal(type))), { minItems: 1 }));
const texts = Type.Array(Type.String());

interface CohereRequest {
  readonly texts: readonly string[];
  readonly embedding_types?: readonly string[];
  readonly output_dimension?: number;
  readonly truncate?: string;
}

interface Generation {
  readonly read: (body: Buffer) => CheckedBody<CohereRequest>;
  readonly maxCharacters: number;
  readonly maxTokens: number;
  readonly dimensions: readonly number[];
  readonly defaultDimension: number;
}

const GENERATIONS: Readonly<Record<'cohere-v3' | 'cohere-v4', Generation>> = {
  'cohere-v3': {
    read: bodyReader(strict({ texts, input_type: inputType, truncate: truncateOf('NONE', 'START', 'END'), embedding_types: embeddingTypes })),
    maxCharacters: 2048,
    maxTokens: 512,
    dimensions: [1024],
    defaultDimension: 1024,
  },
  'cohere-v4': {
    read: bodyReader(strict({
      texts,
      input_type: inputType,
      truncate: truncateOf('NONE', 'LEFT', 'RIGHT'),
      embedding_types: embeddingTypes,
      output_dimension: Type.Optional(Type.Integer()),
      max_tokens: Type.Optional(Type.Integer({ minimum: 1, maximum: 128_000 })),
    })),
    maxCharacters: Infinity,
    maxTokens: 128_000,
    dimensions: [256, 512, 1024, 1536],
    defaultDimension: 1536,
  },
};

function truncateOf(...ways: readonly string[]) {
  return Type.Optional(Type.Union(ways.map((way) => Type.Literal(way))));
}

/** Cohere Embed: lists of lists where no type was asked for, one list by type otherwise. */
export function invokeCohere(kind: 'cohere-v3' | 'cohere-v4', body: Buffer): EmulatorAnswer {
  const generation = GENERATIONS[kind];
  const request = readInvocation(generation.read(body));
  checkTexts(request, generation);
  const dimension = request.output_dimension ?? generation.defaultDimension;
  if (!generation.dimensions.includes(dimension)) throw malformed(`#/output_dimension: ${dimension} is not a valid enum value`);
  const vectors = request.texts.map((text) => embedText(text, dimension));
  const tokens = request.texts.reduce((sum, text) => sum + tokensOf(text), 0);
  return invocationAnswer({
    id: randomUUID(),
    texts: request.texts,
    ...(request.embedding_types === undefined
      ? { response_type: 'embeddings_floats', embeddings: vectors }
      : { response_type: 'embeddings_by_type', embeddings: byType(request.embedding_types, vectors) }),
  }, tokens);
}

function checkTexts({ texts, truncate }: CohereRequest, { maxCharacters, maxTokens }: Generation): void {
  if (texts.length === 0) throw malformed('#/texts: expected minimum item count: 1, found: 0');
  if (texts.length > MAX_TEXTS) throw malformed(`#/texts: expected maximum item count: ${MAX_TEXTS}, found: ${texts.length}`);
  for (const [index, text] of texts.entries()) {
    if (text.length > maxCharacters) throw malformed(`#/texts/${index}: expected maxLength: ${maxCharacters}, actual: ${text.length}`);
    if (tokensOf(text) > maxTokens && (truncate ?? 'NONE') === 'NONE') throw malformed(`#/texts/${index}: too long: ${tokensOf(text)} tokens, the limit is ${maxTokens}`);
  }
}

function byType(types: readonly string[], vectors: readonly (readonly number[])[]): object {
  return Object.fromEntries(types.map((type) => [type, type === 'float' ? vectors : vectors.map((vector) => vector.map((value) => Math.round(value * 127)))]));
}
