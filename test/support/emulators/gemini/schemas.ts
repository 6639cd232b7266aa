import { Type } from 'typebox';
import type { Static } from 'typebox';
import { strict } from '../shape.ts';

const Part = strict({ text: Type.String(), thought: Type.Optional(Type.Boolean()), thoughtSignature: Type.Optional(Type.String()) });

export const Content = strict({
  role: Type.Optional(Type.Enum(['user', 'model'])),
  parts: Type.Array(Part, { minItems: 1 }),
});

const ThinkingConfig = strict({
  includeThoughts: Type.Optional(Type.Boolean()),
  thinkingBudget: Type.Optional(Type.Integer({ minimum: -1 })),
  thinkingLevel: Type.Optional(Type.Enum(['THINKING_LEVEL_UNSPECIFIED', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'])),
});

const GenerationConfig = strict({
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  topP: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  topK: Type.Optional(Type.Number({ minimum: 1 })),
  candidateCount: Type.Optional(Type.Integer({ minimum: 1, maximum: 1 })),
  maxOutputTokens: Type.Optional(Type.Integer({ minimum: 1 })),
  stopSequences: Type.Optional(Type.Array(Type.String(), { maxItems: 5 })),
  seed: Type.Optional(Type.Integer()),
  presencePenalty: Type.Optional(Type.Number({ minimum: -2, maximum: 2 })),
  frequencyPenalty: Type.Optional(Type.Number({ minimum: -2, maximum: 2 })),
  responseMimeType: Type.Optional(Type.Enum(['text/plain', 'application/json', 'text/x.enum'])),
  responseSchema: Type.Optional(Type.Object({})),
  responseJsonSchema: Type.Optional(Type.Object({})),
  thinkingConfig: Type.Optional(ThinkingConfig),
});

const SafetySetting = strict({
  category: Type.String({ pattern: '^HARM_CATEGORY_[A-Z_]+$' }),
  threshold: Type.Enum(['HARM_BLOCK_THRESHOLD_UNSPECIFIED', 'BLOCK_LOW_AND_ABOVE', 'BLOCK_MEDIUM_AND_ABOVE', 'BLOCK_ONLY_HIGH', 'BLOCK_NONE', 'OFF']),
});

const generation = {
  contents: Type.Array(Content, { minItems: 1 }),
  systemInstruction: Type.Optional(Content),
  generationConfig: Type.Optional(GenerationConfig),
  safetySettings: Type.Optional(Type.Array(SafetySetting)),
};

export const GenerateContentRequest = strict(generation);
export type GenerateContentRequest = Static<typeof GenerateContentRequest>;
export type GenerationConfig = Static<typeof GenerationConfig>;

export const CountTokensRequest = strict({
  contents: Type.Optional(Type.Array(Content, { minItems: 1 })),
  generateContentRequest: Type.Optional(strict({ model: Type.String(), ...generation })),
});
export type CountTokensRequest = Static<typeof CountTokensRequest>;

/** Vertex takes these beside the contents, the Developer API takes them wrapped only. */
export const VertexCountTokensRequest = strict(generation);

const TaskType = Type.Enum([
  'TASK_TYPE_UNSPECIFIED', 'RETRIEVAL_QUERY', 'RETRIEVAL_DOCUMENT', 'SEMANTIC_SIMILARITY', 'CLASSIFICATION', 'CLUSTERING',
  'QUESTION_ANSWERING', 'FACT_VERIFICATION', 'CODE_RETRIEVAL_QUERY',
]);

export const EmbedContentRequest = strict({
  model: Type.Optional(Type.String()),
  content: Content,
  taskType: Type.Optional(TaskType),
  title: Type.Optional(Type.String()),
  outputDimensionality: Type.Optional(Type.Integer()),
});
export type EmbedContentRequest = Static<typeof EmbedContentRequest>;

export const BatchEmbedContentsRequest = strict({ requests: Type.Array(EmbedContentRequest, { minItems: 1 }) });
