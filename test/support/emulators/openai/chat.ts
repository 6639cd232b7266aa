import { answerTokens, countPromptTokens, isBlocked, tokensOf, valueForSchema } from '../answers.ts';
import type { Turn } from '../answers.ts';
import { hashOf } from '../embedding.ts';
import { refuse, refuseField } from './errors.ts';
import type { OpenAiModel } from './models.ts';
import type { ChatRequest } from './schemas.ts';

export interface Chat {
  readonly model: OpenAiModel;
  /** Of the prompt; the model's own when absent. */
  readonly contextTokens: number | undefined;
  /** A scripted way in which an answer goes wrong with status 200. */
  readonly error: string | undefined;
}

export interface Completion {
  readonly head: { readonly id: string; readonly created: number; readonly model: string };
  readonly tokens: readonly string[];
  readonly refusal: string | null;
  readonly finishReason: 'stop' | 'length' | 'content_filter';
  readonly usage: Readonly<Record<string, unknown>>;
}

const REASONING_TOKENS = { minimal: 0, low: 32, medium: 128, high: 512 } as const;

/** The answer to a chat request. Throws Refusal for what the service refuses. */
export function complete(request: ChatRequest, chat: Chat): Completion {
  const turns = turnsOf(request);
  refuseRequest(request, turns, chat);
  const promptTokens = countPromptTokens(turns);
  const said = say(request, turns, chat);
  const completionTokens = said.reasoning + said.tokens.length;
  return {
    head: { id: `chatcmpl-${hashOf(JSON.stringify(request)).toString(36)}`, created: 1_700_000_000, model: request.model },
    tokens: said.tokens,
    refusal: said.refusal,
    finishReason: said.finishReason,
    usage: {
      prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens,
      prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: said.reasoning },
    },
  };
}

function turnsOf({ messages }: ChatRequest): Turn[] {
  return messages.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    text: typeof content === 'string' ? content : content.map(({ text }) => text).join(''),
  }));
}

function refuseRequest(request: ChatRequest, turns: readonly Turn[], { model, contextTokens = model.contextTokens }: Chat): void {
  if (request.stream_options !== undefined && request.stream !== true) {
    refuseField('stream_options', 'invalid_parameter', "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  if (model.reasons === true && request.max_tokens !== undefined) {
    refuseField('max_tokens', 'unsupported_parameter', "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
  }
  if (model.reasons === true && (request.temperature ?? 1) !== 1) {
    refuseField('temperature', 'unsupported_value', "Unsupported value: 'temperature'. Only the default (1) is supported.");
  }
  if (model.reasons !== true && request.reasoning_effort !== undefined) {
    refuseField('reasoning_effort', 'unsupported_parameter', "Unsupported parameter: 'reasoning_effort'.");
  }
  refuseFormat(request, turns);
  const count = countPromptTokens(turns);
  if (count > contextTokens) refuse('too_large', `This model's maximum context length is ${contextTokens} tokens. Your messages resulted in ${count} tokens.`);
}

function refuseFormat({ response_format: format }: ChatRequest, turns: readonly Turn[]): void {
  if (format?.type === 'json_schema' && format.json_schema === undefined) {
    refuseField('response_format.json_schema', 'missing_required_parameter', "Missing required parameter: 'response_format.json_schema'.");
  }
  if (format?.type === 'json_object' && !turns.some(({ text }) => /json/i.test(text))) {
    refuseField('messages', 'invalid_value', "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'.");
  }
}

interface Said {
  readonly tokens: readonly string[];
  readonly reasoning: number;
  readonly refusal: string | null;
  readonly finishReason: Completion['finishReason'];
}

function say(request: ChatRequest, turns: readonly Turn[], { model, error }: Chat): Said {
  const nothing = { tokens: [], reasoning: 0, refusal: null, finishReason: 'stop' } as const;
  if (error === 'blocked' || isBlocked(turns)) return { ...nothing, finishReason: 'content_filter' };
  if (error === 'refusal') return { ...nothing, refusal: 'I cannot help with that.' };
  const most = request.max_completion_tokens ?? request.max_tokens ?? Infinity;
  const reasoning = Math.min(most, model.reasons === true ? REASONING_TOKENS[request.reasoning_effort ?? 'medium'] : 0);
  // These models do not go on from a last assistant turn: they answer anew.
  const all = shapeTokens(answerTokens(turns.at(-1)?.role === 'assistant' ? turns.slice(0, -1) : turns), request);
  if (error === 'blocked-answer') return { tokens: all.slice(0, Math.ceil(all.length / 2)), reasoning, refusal: null, finishReason: 'content_filter' };
  const tokens = all.slice(0, most - reasoning);
  return { tokens, reasoning, refusal: null, finishReason: tokens.length < all.length ? 'length' : 'stop' };
}

function shapeTokens(tokens: readonly string[], { response_format: format }: ChatRequest): readonly string[] {
  if (format === undefined || format.type === 'text') return tokens;
  const answer = { type: 'object', properties: { answer: { type: 'string' } } };
  return tokensOf(JSON.stringify(valueForSchema(format.json_schema?.schema ?? answer, tokens.join(''))));
}
