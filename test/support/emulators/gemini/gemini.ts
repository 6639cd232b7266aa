import { countPromptTokens } from '../answers.ts';
import { bodyReader } from '../check-body.ts';
import type { CheckedBody } from '../check-body.ts';
import type { Emulator, EmulatorAnswer, EmulatorOptions, EmulatorRequest } from '../emulator.ts';
import { Refusal, startEmulator } from '../emulator.ts';
import { embedBatch, embedOne } from './embed.ts';
import { errorAnswer, errorEvent, namedError, readErrorName, refuse, refuseBody } from './errors.ts';
import type { NamedError } from './errors.ts';
import type { Chunk } from './generate.ts';
import { generate, joinChunks, turnsOf } from './generate.ts';
import { describeModel, GEMINI_MODELS, hasMethod } from './models.ts';
import type { GeminiModel } from './models.ts';
import { BatchEmbedContentsRequest, CountTokensRequest, EmbedContentRequest, GenerateContentRequest, VertexCountTokensRequest } from './schemas.ts';
import { accessToken, grantToken } from './token.ts';

export const GEMINI_KEY = 'emulated-gemini-key';

export interface GeminiOptions extends EmulatorOptions {
  /** Of the prompt, for every model: for tests of prompts that are too long. */
  readonly contextTokens?: number;
}

const readGenerate = bodyReader(GenerateContentRequest);
const readCount = bodyReader(CountTokensRequest);
const readVertexCount = bodyReader(VertexCountTokensRequest);
const readBatch = bodyReader(BatchEmbedContentsRequest);
const readEmbed = bodyReader(EmbedContentRequest);

const DEVELOPER_PATH = /^\/(?:v1|v1beta)\/models(?:\/([^/:]+)(?::(\w+))?)?$/;
const VERTEX_PATH = /^\/(?:v1|v1beta1)\/projects\/[^/]+\/locations\/[^/]+\/publishers\/google\/models\/([^/:]+):(\w+)$/;

interface Call {
  readonly request: EmulatorRequest;
  readonly options: GeminiOptions;
  readonly error: NamedError | undefined;
  readonly isVertex: boolean;
  readonly modelName: string;
  readonly model: GeminiModel;
}

/**
 * The Gemini Developer API in its versions v1 and v1beta, Vertex AI's paths for Google's models with a Bearer token, and
 * `POST /token`, which grants one. Scripted errors: auth, unregistered, unauthenticated, denied, not_found, bad_request,
 * too_large, throttled, quota, internal, unavailable, timeout, each also with `:array`, `:event-stream` or `:in-stream`
 * (after half of the answer) and with a delay for RetryInfo such as `:21s`; blocked, blocked-answer, recitation, empty,
 * no-candidates, no-finish for answers; short, zero, wrong-dimension for embeddings.
 */
export function startGemini(options: GeminiOptions = {}): Promise<Emulator> {
  return startEmulator((request) => answer(request, options), options);
}

function answer(request: EmulatorRequest, options: GeminiOptions): EmulatorAnswer {
  const path = decodeURIComponent(request.url.pathname);
  const error = request.error === undefined ? undefined : readErrorName(request.error);
  const named = error === undefined ? undefined : namedError(error);
  if (error !== undefined && named !== undefined && error.shape !== 'in-stream') return errorAnswer(named, error.shape);
  if (path === '/token' && request.method === 'POST') return grantToken(request.body);
  const developer = DEVELOPER_PATH.exec(path);
  const vertex = VERTEX_PATH.exec(path);
  if (developer === null && vertex === null) return unknownRoute(path);
  checkCredential(request, options, vertex !== null);
  const [, modelName, method] = developer ?? vertex ?? [];
  if (modelName === undefined) return listModels(request);
  const model = Object.hasOwn(GEMINI_MODELS, modelName) ? GEMINI_MODELS[modelName] : undefined;
  if (model === undefined) refuse('not_found', `models/${modelName} is not found for this API version, or is not supported for ${method ?? 'get'}.`);
  return callMethod(method, { request, options, error, isVertex: vertex !== null, modelName, model });
}

function checkCredential({ headers, url }: EmulatorRequest, { key = GEMINI_KEY }: GeminiOptions, isVertex: boolean): void {
  if (isVertex) {
    if (headers.authorization !== `Bearer ${accessToken()}`) refuse('unauthenticated');
    return;
  }
  const given = headers['x-goog-api-key'] ?? url.searchParams.get('key');
  if (given === null) refuse('unregistered');
  if (given !== key) refuse('auth');
}

function callMethod(method: string | undefined, call: Call): EmulatorAnswer {
  const { request, model, modelName } = call;
  if (request.method !== (method === undefined ? 'GET' : 'POST')) return unknownRoute(request.url.pathname);
  if (method === undefined) return json(describeModel(modelName, model));
  if (!hasMethod(model, method)) refuse('not_found', `models/${modelName} is not supported for ${method}.`);
  if (method === 'generateContent') return json(joinChunks(chunksOf(call)));
  if (method === 'streamGenerateContent') return streamAnswer(call);
  if (method === 'countTokens') return countTokens(call);
  if (method === 'embedContent') return json({ embedding: embedOne(valueOf(readEmbed(request.body)), model) });
  const { requests } = valueOf(readBatch(request.body));
  return json({ embeddings: embedBatch(requests, modelName, model, call.error?.name) });
}

function chunksOf({ request, options, error, modelName, model }: Call): Chunk[] {
  const body = valueOf(readGenerate(request.body));
  return generate(body, { modelName, model, contextTokens: options.contextTokens, error: error?.name });
}

/** An array of responses, or events where `alt=sse` asks for them. */
function streamAnswer(call: Call): EmulatorAnswer {
  const chunks = chunksOf(call);
  if (call.request.url.searchParams.get('alt') !== 'sse') {
    return { stream: [...chunks.map((chunk, index) => `${index === 0 ? '[' : ',\r\n'}${JSON.stringify(chunk)}`), ']'] };
  }
  const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
  const named = call.error === undefined ? undefined : namedError(call.error);
  const stream = named === undefined ? events : [...events.slice(0, Math.ceil(events.length / 2)), errorEvent(named)];
  return { headers: { 'content-type': 'text/event-stream' }, stream };
}

function countTokens({ request, isVertex }: Call): EmulatorAnswer {
  const body = isVertex ? valueOf(readVertexCount(request.body)) : countable(valueOf(readCount(request.body)));
  const totalTokens = countPromptTokens(turnsOf(body));
  return json({ totalTokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }] });
}

function countable({ contents, generateContentRequest }: CountTokensRequest) {
  if ((contents === undefined) === (generateContentRequest === undefined)) {
    refuse('bad_request', '* CountTokensRequest: exactly one of contents and generate_content_request must be set.');
  }
  return generateContentRequest ?? { contents: contents ?? [] };
}

function listModels({ method, url }: EmulatorRequest): EmulatorAnswer {
  if (method !== 'GET') return unknownRoute(url.pathname);
  return json({ models: Object.entries(GEMINI_MODELS).map(([name, model]) => describeModel(name, model)) });
}

function valueOf<T>(checked: CheckedBody<T>): T {
  if (checked.problem !== undefined) refuseBody(checked.problem);
  return checked.value;
}

function json(value: unknown): EmulatorAnswer {
  return { headers: { 'content-type': 'application/json; charset=UTF-8' }, body: `${JSON.stringify(value)}\n` };
}

/** The real front end knows no JSON for a path that no service has. */
function unknownRoute(path: string): never {
  const body = `<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)</title><p>The requested URL <code>${path.replaceAll('<', '&lt;')}</code> was not found.</html>\n`;
  throw new Refusal({ status: 404, headers: { 'content-type': 'text/html; charset=UTF-8' }, body });
}
