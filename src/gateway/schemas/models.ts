import { Type } from 'typebox';
import { CLOSED, nullable, oneOf } from './limits.ts';

const MAX_MODELS = 16;
const ModelId = Type.String({ minLength: 3, maxLength: 512, description: '`provider:model`.', examples: ['gemini:gemini-3.8-flash'] });

export const ModelsReply = Type.Object({
  models: Type.Array(Type.Object({ id: Type.String(), accounts: Type.Array(Type.String()) }), { description: 'In the order in which they are asked.' }),
  temperature: Type.Number(),
  source: oneOf(['settings', 'operator']),
  changed_at: nullable(Type.String()),
  embedding_model: nullable(Type.String()),
  vector_index: nullable(Type.String()),
  reranker: nullable(Type.String()),
});

export const ModelsBody = Type.Object(
  {
    models: Type.Optional(Type.Array(ModelId, { minItems: 1, maxItems: MAX_MODELS, uniqueItems: true })),
    temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  },
  { ...CLOSED, minProperties: 1, examples: [{ models: ['gemini:gemini-3.8-flash', 'extractive:quotes'] }] },
);
