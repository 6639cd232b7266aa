import { tokensOf } from '../answers.ts';
import { bodyReader } from '../check-body.ts';
import type { CheckedBody } from '../check-body.ts';
import { embedText } from '../embedding.ts';
import type { Emulator, EmulatorAnswer, EmulatorOptions, EmulatorRequest } from '../emulator.ts';
import { Refusal, startEmulator } from '../emulator.ts';
import { complete } from './chat.ts';
import type { Completion } from './chat.ts';
import { errorAnswer, errorEvent, namedError, readErrorName, refuse, refuseBody, refuseField } from './errors.ts';
import type { NamedError } from './errors.ts';
import { describeModel, OPENAI_MODELS } from './models.ts';
import type { OpenAiModel } from './models.ts';
import { ChatRequest, EmbeddingsRequest } from './schemas.ts';

export const OPENAI_KEY = 'emulated-openai-key';

const MAX_INPUTS = 2048;

export interface OpenAiOptions extends EmulatorOptions {
  /** False for a local server, which looks at no key. @defaultValue true */
  readonly requiresKey?: boolean;
  /** Of the prompt, for every model: for tests of prompts that are too long. */
  readonly contextTokens?: number;
}

const readChat = bodyReader(ChatRequest);
const readEmbeddings = bodyReader(EmbeddingsRequest);

/**
 * OpenAI's chat completions, embeddings and list of models under `/v1`. Scripted errors: auth, denied, not_found,
 * bad_request, too_large, payload, blocked-prompt, throttled (also `throttled:21s`), quota, internal, unavailable, timeout,
 * each also with `:in-stream` (after half of the answer); blocked, blocked-answer, refusal, empty, no-finish, no-done for
 * answers; short, zero, wrong-dimension for embeddings.
 */
export function startOpenAi(options: OpenAiOptions = {}): Promise<Emulator> {
  let count = 0;
  return startEmulator((request) => {
    count += 1;
    const headers = { 'x-request-id': `req_emulated${count}`, ...rateLimitHeaders(request) };
    try {
      return withHeaders(answer(request, options), headers);
    } catch (error) {
      if (error instanceof Refusal) return withHeaders(error.answer, headers);
      throw error;
    }
  }, options);
}

function withHeaders(answer: EmulatorAnswer, headers: Readonly<Record<string, string>>): EmulatorAnswer {
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

function rateLimitHeaders({ remaining = 9_999 }: EmulatorRequest): Record<string, string> {
  return { 'x-ratelimit-limit-requests': '10000', 'x-ratelimit-remaining-requests': String(remaining), 'x-ratelimit-reset-requests': '6ms' };
}

function answer(request: EmulatorRequest, options: OpenAiOptions): EmulatorAnswer {
  const error = request.error === undefined ? undefined : readErrorName(request.error);
  const named = error === undefined ? undefined : namedError(error);
  if (named !== undefined && error?.isInStream !== true) return errorAnswer(named);
  const { pathname } = request.url;
  const { key = OPENAI_KEY, requiresKey = true } = options;
  if (requiresKey && request.headers.authorization !== `Bearer ${key}`) refuse('auth');
  if (request.method === 'GET') return describe(pathname);
  if (pathname === '/v1/chat/completions') return chat(request, options, error);
  if (pathname === '/v1/embeddings') return embed(request, error?.name);
  return unknownRoute(request.method, pathname);
}

function describe(pathname: string): EmulatorAnswer {
  if (pathname === '/v1/models') return json({ object: 'list', data: Object.keys(OPENAI_MODELS).map(describeModel) });
  const [, id] = /^\/v1\/models\/([^/]+)$/.exec(pathname) ?? [];
  if (id === undefined) return unknownRoute('GET', pathname);
  modelOf(decodeURIComponent(id));
  return json(describeModel(decodeURIComponent(id)));
}

function chat(request: EmulatorRequest, { contextTokens }: OpenAiOptions, error: NamedError | undefined): EmulatorAnswer {
  const body = valueOf(readChat(request.body));
  const model = modelOf(body.model);
  if (model.kind !== 'chat') refuse('not_found', 'This is not a chat model and thus not supported in the v1/chat/completions endpoint.');
  const completion = complete(body, { model, contextTokens, error: error?.name });
  if (body.stream === true) return streamAnswer(completion, body.stream_options?.include_usage === true, error);
  const message = { role: 'assistant', content: completion.refusal === null ? completion.tokens.join('') : null, refusal: completion.refusal };
  const choices = error?.name === 'empty' ? [] : [{ index: 0, message, logprobs: null, finish_reason: completion.finishReason }];
  return json({ ...completion.head, object: 'chat.completion', choices, usage: completion.usage });
}

function streamAnswer({ head, tokens, refusal, finishReason, usage }: Completion, hasUsage: boolean, error: NamedError | undefined): EmulatorAnswer {
  const event = (choices: readonly unknown[], counted: unknown = null) =>
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...(hasUsage && { usage: counted }) })}\n\n`;
  const delta = (value: object, finish: string | null = null) => event([{ index: 0, delta: value, logprobs: null, finish_reason: finish }]);
  const start = delta({ role: 'assistant', content: '', refusal: null });
  const texts = [start, ...(refusal === null ? tokens.map((content) => delta({ content })) : tokensOf(refusal).map((text) => delta({ refusal: text })))];
  const end = [...(error?.name === 'no-finish' ? [] : [delta({}, finishReason)]), ...(hasUsage ? [event([], usage)] : [])];
  const done = ['no-finish', 'no-done'].includes(error?.name ?? '') ? [] : ['data: [DONE]\n\n'];
  const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
  if (error?.name === 'empty') return { headers, stream: done };
  const named = error === undefined ? undefined : namedError(error);
  if (named !== undefined) return { headers, stream: [...texts.slice(0, Math.ceil(texts.length / 2)), errorEvent(named)] };
  return { headers, stream: [...texts, ...end, ...done] };
}

function embed(request: EmulatorRequest, error: string | undefined): EmulatorAnswer {
  const body = valueOf(readEmbeddings(request.body));
  const model = modelOf(body.model);
  if (model.dimension === undefined) refuse('denied', 'You are not allowed to generate embeddings from this model.');
  const { dimensions = model.dimension } = body;
  if (body.dimensions !== undefined && (model.canShorten !== true || dimensions > model.dimension)) {
    refuseField('dimensions', 'invalid_value', `The model ${body.model} does not support ${dimensions} dimensions.`);
  }
  const inputs = [body.input].flat();
  refuseInputs(inputs, model.contextTokens);
  const vectors = inputs.map((text) => embedText(text, dimensions)).slice(0, error === 'short' ? -1 : undefined);
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: encode(spoil(vector, error), body.encoding_format) }));
  const tokens = inputs.reduce((sum, text) => sum + tokensOf(text).length, 0);
  return json({ object: 'list', data, model: body.model, usage: { prompt_tokens: tokens, total_tokens: tokens } });
}

function refuseInputs(inputs: readonly string[], contextTokens: number): void {
  if (inputs.length > MAX_INPUTS) refuseField('input', 'array_above_max_length', `'input' may have at most ${MAX_INPUTS} items.`);
  if (inputs.includes('')) refuseField('input', 'invalid_value', "'input' cannot be an empty string.");
  const count = Math.max(...inputs.map((text) => tokensOf(text).length));
  if (count > contextTokens) refuse('too_large', `This model's maximum context length is ${contextTokens} tokens, however you requested ${count} tokens.`, 'input');
}

function spoil(vector: readonly number[], error: string | undefined): readonly number[] {
  if (error === 'zero') return vector.map(() => 0);
  return error === 'wrong-dimension' ? vector.slice(1) : vector;
}

function encode(vector: readonly number[], format: EmbeddingsRequest['encoding_format']): readonly number[] | string {
  return format === 'base64' ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector;
}

function modelOf(id: string): OpenAiModel {
  const model = Object.hasOwn(OPENAI_MODELS, id) ? OPENAI_MODELS[id] : undefined;
  if (model === undefined) refuse('not_found', `The model '${id}' does not exist or you do not have access to it.`);
  return model;
}

function valueOf<T>(checked: CheckedBody<T>): T {
  if (checked.problem !== undefined) refuseBody(checked.problem);
  return checked.value;
}

function json(value: unknown): EmulatorAnswer {
  return { body: JSON.stringify(value) };
}

function unknownRoute(method: string, path: string): never {
  throw new Refusal(errorAnswer({ status: 404, type: 'invalid_request_error', code: 'unknown_url', message: `Invalid URL (${method} ${path})` }));
}
