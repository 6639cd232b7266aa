import { Type } from 'typebox';
import { bodyReader } from '../check-body.ts';
import { embedText } from '../embedding.ts';
import type { EmulatorAnswer } from '../emulator.ts';
import { strict } from '../shape.ts';
import { invocationAnswer, malformed, readInvocation, tokensOf } from './invoke.ts';
import { invalid } from './refusals.ts';

const MAX_CHARACTERS = 50_000;
const MAX_TOKENS = 8192;
const DIMENSIONS: readonly number[] = [256, 512, 1024];
/** Of vectors that were not asked to be of unit length. */
const UNNORMALISED_LENGTH = 12.5;

const request = bodyReader(strict({
  inputText: Type.String(),
  dimensions: Type.Optional(Type.Integer()),
  normalize: Type.Optional(Type.Boolean()),
  embeddingTypes: Type.Optional(Type.Array(Type.Union([Type.Literal('float'), Type.Literal('binary')]), { minItems: 1 })),
}));

/** Titan Text Embeddings V2: one text a call. */
export function invokeTitan(body: Buffer): EmulatorAnswer {
  const { inputText, dimensions = 1024, normalize = true, embeddingTypes = ['float'] } = readInvocation(request(body));
  if (inputText.length === 0) throw malformed('expected minLength: 1, actual: 0');
  if (inputText.length > MAX_CHARACTERS) throw malformed(`expected maxLength: ${MAX_CHARACTERS}, actual: ${inputText.length}`);
  if (!DIMENSIONS.includes(dimensions)) throw malformed(`#/dimensions: ${dimensions} is not a valid enum value`);
  const tokens = tokensOf(inputText);
  if (tokens > MAX_TOKENS) throw invalid(`400 Bad Request: Too many input tokens. Max input tokens: ${MAX_TOKENS}, request input token count: ${tokens}`);
  const unit = embedText(inputText, dimensions);
  const float = normalize ? unit : unit.map((value) => value * UNNORMALISED_LENGTH);
  const byType = {
    ...(embeddingTypes.includes('float') ? { float } : {}),
    ...(embeddingTypes.includes('binary') ? { binary: unit.map((value) => (value > 0 ? 1 : 0)) } : {}),
  };
  return invocationAnswer({ ...(byType.float === undefined ? {} : { embedding: float }), embeddingsByType: byType, inputTextTokenCount: tokens }, tokens);
}
