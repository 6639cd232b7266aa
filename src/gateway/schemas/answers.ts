import { Type } from 'typebox';
import { CLOSED, MetadataSchema, nullable, oneOf, SessionId, TurnId } from './limits.ts';

export const Source = Type.Object({
  id: Type.String(),
  document_id: Type.String(),
  title: Type.String(),
  uri: nullable(Type.String()),
  text: Type.String(),
  score: Type.Number(),
  metadata: MetadataSchema,
});

export const Citation = Type.Object(
  { source_id: Type.String(), start: Type.Integer({ minimum: 0 }), end: Type.Integer({ minimum: 0 }) },
  { description: '`answer.slice(start, end)`, in UTF-16 units, is supported by the source.' },
);

const Usage = Type.Object({
  input_tokens: Type.Integer({ minimum: 0 }),
  output_tokens: Type.Integer({ minimum: 0 }),
  total_tokens: Type.Integer({ minimum: 0 }),
});

/** What every end of an answer tells, by REST or by frame. */
export const ANSWER_FIELDS = {
  answer: Type.String(),
  sources: Type.Array(Source),
  citations: Type.Array(Citation),
  latency_ms: Type.Number({ minimum: 0 }),
  cache_hit: Type.Boolean(),
  degraded: Type.Array(oneOf(['model', 'vectors', 'reranker', 'lexical', 'cache'])),
  finish: oneOf(['stop', 'length', 'refused', 'cancelled']),
  usage: Usage,
  model: Type.String(),
};

export const QueryReply = Type.Object({ ...ANSWER_FIELDS, turn: TurnId, session: SessionId });

/** What an asker may choose. Bounds of the question itself are settings, and have codes of their own. */
const ASK_OPTIONS = {
  top_k: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, examples: [5] })),
  rerank: Type.Optional(Type.Boolean()),
  filter: Type.Optional(MetadataSchema),
  model: Type.Optional(Type.String({ minLength: 1, maxLength: 256, examples: ['extractive:quotes'] })),
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2, examples: [0.7] })),
  language: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', description: 'a language tag such as en', examples: ['en'] })),
};

export const AskOptionsSchema = Type.Object(ASK_OPTIONS, CLOSED);

export const QueryBody = Type.Object(
  {
    question: Type.Optional(Type.String({ examples: ['How does Banyan restart a failed child?'] })),
    query: Type.Optional(Type.String({ description: 'Another name of `question`.' })),
    session: Type.Optional(SessionId),
    stream: Type.Optional(Type.Boolean()),
    ...ASK_OPTIONS,
  },
  { ...CLOSED, examples: [{ question: 'How does Banyan restart a failed child?', top_k: 5 }] },
);

export const FeedbackBody = Type.Object(
  { turn: TurnId, rating: oneOf(['up', 'down']), comment: Type.Optional(Type.String({ maxLength: 4096 })) },
  { ...CLOSED, examples: [{ turn: '0198d7a2-9d01-7c44-8e0f-6b1f0a2c3d4e', rating: 'up' }] },
);
