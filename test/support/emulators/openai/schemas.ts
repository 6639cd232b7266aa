import { Type } from 'typebox';
import type { Static } from 'typebox';
import { strict } from '../shape.ts';

const Message = strict({
  role: Type.Enum(['system', 'developer', 'user', 'assistant']),
  content: Type.Union([Type.String(), Type.Array(strict({ type: Type.Literal('text'), text: Type.String() }), { minItems: 1 })]),
  name: Type.Optional(Type.String()),
});

const ResponseFormat = strict({
  type: Type.Enum(['text', 'json_object', 'json_schema']),
  json_schema: Type.Optional(strict({
    name: Type.String({ pattern: '^[a-zA-Z0-9_-]{1,64}$' }),
    description: Type.Optional(Type.String()),
    schema: Type.Optional(Type.Object({})),
    strict: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  })),
});

export const ChatRequest = strict({
  model: Type.String(),
  messages: Type.Array(Message, { minItems: 1 }),
  stream: Type.Optional(Type.Boolean()),
  stream_options: Type.Optional(strict({ include_usage: Type.Optional(Type.Boolean()), include_obfuscation: Type.Optional(Type.Boolean()) })),
  response_format: Type.Optional(ResponseFormat),
  max_tokens: Type.Optional(Type.Integer({ minimum: 1 })),
  max_completion_tokens: Type.Optional(Type.Integer({ minimum: 1 })),
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  n: Type.Optional(Type.Literal(1)),
  seed: Type.Optional(Type.Integer()),
  presence_penalty: Type.Optional(Type.Number({ minimum: -2, maximum: 2 })),
  frequency_penalty: Type.Optional(Type.Number({ minimum: -2, maximum: 2 })),
  reasoning_effort: Type.Optional(Type.Enum(['minimal', 'low', 'medium', 'high'])),
  user: Type.Optional(Type.String()),
  safety_identifier: Type.Optional(Type.String()),
  prompt_cache_key: Type.Optional(Type.String()),
});
export type ChatRequest = Static<typeof ChatRequest>;

export const EmbeddingsRequest = strict({
  model: Type.String(),
  input: Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })]),
  encoding_format: Type.Optional(Type.Enum(['float', 'base64'])),
  dimensions: Type.Optional(Type.Integer({ minimum: 1 })),
  user: Type.Optional(Type.String()),
});
export type EmbeddingsRequest = Static<typeof EmbeddingsRequest>;
