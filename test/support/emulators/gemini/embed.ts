import { tokensOf } from '../answers.ts';
import { embedText, hashOf } from '../embedding.ts';
import { refuse } from './errors.ts';
import type { GeminiModel } from './models.ts';
import type { EmbedContentRequest } from './schemas.ts';

const MAX_REQUESTS = 100;
const MIN_DIMENSION = 128;
const MAX_DIMENSION = 3072;

export interface Embedding {
  readonly values: readonly number[];
}

/** One vector per request, unless `error` is short, zero or wrong-dimension. Throws Refusal for what the service refuses. */
export function embedBatch(requests: readonly EmbedContentRequest[], modelName: string, model: GeminiModel, error?: string): Embedding[] {
  if (requests.length > MAX_REQUESTS) {
    refuse('bad_request', `* BatchEmbedContentsRequest.requests: at most ${MAX_REQUESTS} requests can be in one batch.`);
  }
  const wrong = requests.find((request) => request.model !== `models/${modelName}`);
  if (wrong !== undefined) refuse('bad_request', `* BatchEmbedContentsRequest.requests: the model must be models/${modelName}, got: ${wrong.model}`);
  const embeddings = requests.map((request) => embedOne(request, model));
  if (error === 'short') return embeddings.slice(0, -1);
  if (error === 'zero') return embeddings.map(({ values }) => ({ values: values.map(() => 0) }));
  if (error === 'wrong-dimension') return embeddings.map(({ values }) => ({ values: values.slice(1) }));
  return embeddings;
}

/** What is over the model's tokens is left out silently. */
export function embedOne(request: EmbedContentRequest, model: GeminiModel): Embedding {
  const { outputDimensionality: dimension = MAX_DIMENSION, title, taskType } = request;
  if (dimension < MIN_DIMENSION || dimension > MAX_DIMENSION) {
    refuse('bad_request', `* EmbedContentRequest.output_dimensionality: must be from ${MIN_DIMENSION} to ${MAX_DIMENSION}, got: ${dimension}`);
  }
  if (title !== undefined && taskType !== 'RETRIEVAL_DOCUMENT') {
    refuse('bad_request', '* EmbedContentRequest.title: only goes with the task type RETRIEVAL_DOCUMENT.');
  }
  const text = request.content.parts.map((part) => part.text).join('');
  if (text === '') refuse('bad_request', '* EmbedContentRequest.content: contains an empty Part.');
  const read = tokensOf(text).slice(0, model.inputTokenLimit).join('');
  const unit = embedText(read, dimension);
  if (model.isNormalised === true || dimension === MAX_DIMENSION) return { values: unit };
  const length = 0.5 + (hashOf(read) % 100) / 250;
  return { values: unit.map((value) => value * length) };
}
