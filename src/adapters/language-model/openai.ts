import { modelProfile, outputBudget } from '#config/model-table.ts';
import type { ModelProfile } from '#config/model-table.ts';
import type { GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { OnRate } from '#src/ports/rate-hint.ts';
import { checkApiKey } from '../api-key.ts';
import { networkFailure } from '../wire/failure.ts';
import { rateHintOf } from '../wire/rate-hint.ts';
import { openStream, requestJson } from '../wire/request.ts';
import { readSseData } from '../wire/sse.ts';
import { streamAnswer } from './answer-stream.ts';
import type { AnswerChunk } from './answer-stream.ts';
import { readCompletionChunk } from './openai-chunk.ts';
import { openAiErrorFields } from './openai-failure.ts';

export interface OpenAiOptions {
  readonly model: string;
  /** With its version, such as https://api.openai.com/v1 or http://localhost:11434/v1. */
  readonly baseUrl: string;
  /** Servers on one's own machine need none. */
  readonly apiKey?: string;
  /** Names the key in `account`, which is logged. @defaultValue the host of `baseUrl` */
  readonly accountName?: string;
  readonly onRate?: OnRate | undefined;
}

/** Chat completions of OpenAI and of all who speak as it does: Ollama, vLLM, LM Studio, llama.cpp. Throws TypeError for a URL that is none. */
export function createOpenAiModel(options: OpenAiOptions): LanguageModel {
  const { model, onRate } = options;
  const id = `openai:${model}`;
  const account = openAiAccount(options);
  const profile = modelProfile(id);
  async function* open(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<AnswerChunk> {
    const body = bodyOf(model, profile, request);
    const call = { account, signal, url: urlOf(options, 'chat/completions'), body, errorOf: openAiErrorFields };
    const stream = await openStream({ ...call, headers: { ...headersOf(options, account), accept: 'text/event-stream' } });
    const hint = rateHintOf(stream.headers);
    if (hint !== undefined) onRate?.(account, hint);
    for await (const data of readSseData(stream.body)) {
      // Whoever stops reading here would close a connection that can be used again.
      if (data !== '[DONE]') yield readCompletionChunk(data, account);
    }
  }
  const failureOf = (error: unknown, signal: AbortSignal): ProviderError => readFailure(account, error, signal);
  return { id, account, stream: (request, signal) => streamAnswer({ account, open, failureOf }, request, signal) };
}

/** Asks for the models and looks for ours, which costs nothing. Rejects with ProviderError. */
export async function checkOpenAi(options: OpenAiOptions, signal: AbortSignal): Promise<void> {
  const account = openAiAccount(options);
  const call = { account, signal, url: urlOf(options, 'models'), headers: headersOf(options, account), errorOf: openAiErrorFields };
  const { body } = await requestJson(call);
  const { data }: { readonly data?: unknown } = Object(body);
  if (!Array.isArray(data)) throw new ProviderError('bad_response', account, 'expected a list of models');
  const ids = data.map((entry: unknown) => Object(entry).id as unknown);
  // Ollama lists `llama3.2:latest` for what is asked for as `llama3.2`.
  if (!ids.some((id) => id === options.model || id === `${options.model}:latest`)) {
    throw new ProviderError('not_found', account, `the server does not list the model ${options.model}`);
  }
}

export function openAiAccount({ model, baseUrl, accountName }: OpenAiOptions): string {
  return `openai/${accountName ?? new URL(baseUrl).host}/${model}`;
}

function urlOf({ baseUrl }: OpenAiOptions, path: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/${path}`;
}

function headersOf({ apiKey }: OpenAiOptions, account: string): Record<string, string> {
  if (apiKey === undefined) return {};
  checkApiKey(apiKey, account);
  return { authorization: `Bearer ${apiKey}` };
}

function bodyOf(model: string, profile: ModelProfile, request: GenerationRequest): unknown {
  return {
    model,
    messages: request.prompt.map(({ role, text }) => ({ role, content: text })),
    stream: true,
    stream_options: { include_usage: true },
    ...(request.temperature === undefined || profile.temperature === 'fixed' ? {} : { temperature: request.temperature }),
    ...limitsOf(profile, outputBudget(profile, request.maxOutputTokens)),
  };
}

/** The vendor's own thinking models know the newer name of the limit only, other servers often the older one only. */
function limitsOf({ thinking }: ModelProfile, limit: number | undefined): Record<string, unknown> {
  const isVendorsOwn = thinking !== 'none' && thinking.style === 'level';
  if (!isVendorsOwn) return limit === undefined ? {} : { max_tokens: limit };
  return { reasoning_effort: 'low', ...(limit === undefined ? {} : { max_completion_tokens: limit }) };
}

/** What the reading of the events threw beside the network's own failures: bytes that are no text, an event without end. */
function readFailure(account: string, error: unknown, signal: AbortSignal): ProviderError {
  if (error instanceof RangeError && !signal.aborted) return new ProviderError('bad_response', account, error.message);
  return networkFailure(account, error, signal);
}
