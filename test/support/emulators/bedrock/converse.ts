import { answerTokens, countPromptTokens, isBlocked, tokensOf, valueForSchema } from '../answers.ts';
import type { EmulatorAnswer } from '../emulator.ts';
import type { ConverseRequest } from './converse-request.ts';
import { turnsOf } from './converse-request.ts';
import { eventMessage } from './event-stream.ts';
import type { CacheUsage } from './prompt-cache.ts';
import { jsonHeaders } from './refusals.ts';

export type StopReason =
  | 'end_turn' | 'max_tokens' | 'stop_sequence' | 'guardrail_intervened' | 'content_filtered'
  | 'malformed_model_output' | 'model_context_window_exceeded';

/** What the model says and why it ends. */
export interface Reply {
  /** What it thinks before it speaks: shown in a block of its own and paid as output. */
  readonly thoughts: readonly string[];
  readonly tokens: readonly string[];
  readonly stopReason: StopReason;
}

const THOUGHTS = ['Let me', ' read', ' the', ' sources', '.'];
const SIGNATURE = 'ZW11bGF0ZWQ=';
const GUARDRAIL_MESSAGE = 'Sorry, the model cannot answer this question.';

/** Endings that a script asks for by name. */
const SCRIPTED_REPLIES: Readonly<Record<string, (tokens: readonly string[]) => Omit<Reply, 'thoughts'>>> = {
  blocked: () => ({ tokens: [GUARDRAIL_MESSAGE], stopReason: 'guardrail_intervened' }),
  'blocked-answer': (tokens) => ({ tokens: half(tokens), stopReason: 'content_filtered' }),
  malformed: (tokens) => ({ tokens: half(tokens), stopReason: 'malformed_model_output' }),
  'context-exceeded': (tokens) => ({ tokens: half(tokens), stopReason: 'model_context_window_exceeded' }),
  empty: () => ({ tokens: [], stopReason: 'end_turn' }),
};

export function isScriptedReply(error: string): boolean {
  return Object.hasOwn(SCRIPTED_REPLIES, error);
}

export function replyTo(request: ConverseRequest, error: string | undefined): Reply {
  const turns = turnsOf(request);
  const thoughts = isThinking(request) ? THOUGHTS : [];
  const tokens = formatted(answerTokens(turns), request);
  const scripted = error === undefined ? undefined : SCRIPTED_REPLIES[error];
  if (scripted !== undefined) return { thoughts, ...scripted(tokens) };
  if (isBlocked(turns)) return blockedBy(request);
  return limited({ thoughts, tokens }, request.inferenceConfig ?? {});
}

function isThinking({ additionalModelRequestFields: fields }: ConverseRequest): boolean {
  const thinking = fields?.['thinking'] as { readonly type?: unknown } | undefined;
  return thinking !== undefined && thinking.type !== 'disabled';
}

function formatted(tokens: readonly string[], { outputConfig }: ConverseRequest): readonly string[] {
  const schema = outputConfig?.textFormat?.structure.jsonSchema.schema;
  return schema === undefined ? tokens : tokensOf(JSON.stringify(valueForSchema(JSON.parse(schema), tokens.join(''))));
}

function blockedBy({ guardrailConfig }: ConverseRequest): Reply {
  return guardrailConfig === undefined
    ? { thoughts: [], tokens: [], stopReason: 'content_filtered' }
    : { thoughts: [], tokens: [GUARDRAIL_MESSAGE], stopReason: 'guardrail_intervened' };
}

interface Limits {
  readonly maxTokens?: number;
  readonly stopSequences?: readonly string[];
}

/** Thoughts count against `maxTokens` first. */
function limited({ thoughts, tokens }: Pick<Reply, 'thoughts' | 'tokens'>, { maxTokens = Infinity, stopSequences = [] }: Limits): Reply {
  const text = tokens.join('');
  const stops = stopSequences.map((sequence) => text.indexOf(sequence)).filter((index) => index >= 0);
  const stopAt = Math.min(...stops, Infinity);
  const said = stopAt === Infinity ? tokens : cutText(tokens, stopAt);
  if (thoughts.length + said.length > maxTokens) {
    return { thoughts: thoughts.slice(0, maxTokens), tokens: said.slice(0, Math.max(0, maxTokens - thoughts.length)), stopReason: 'max_tokens' };
  }
  return { thoughts, tokens: said, stopReason: stopAt === Infinity ? 'end_turn' : 'stop_sequence' };
}

function cutText(tokens: readonly string[], length: number): string[] {
  let left = length;
  return tokens.flatMap((token) => {
    const shown = token.slice(0, Math.max(0, left));
    left -= token.length;
    return shown === '' ? [] : [shown];
  });
}

function half(tokens: readonly string[]): readonly string[] {
  return tokens.slice(0, Math.ceil(tokens.length / 2));
}

export function usageOf(request: ConverseRequest, reply: Reply, cache: CacheUsage): object {
  const inputTokens = Math.max(0, countPromptTokens(turnsOf(request)) - cache.readTokens - cache.writtenTokens);
  const outputTokens = reply.thoughts.length + reply.tokens.length;
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens + cache.readTokens + cache.writtenTokens,
    cacheReadInputTokens: cache.readTokens,
    cacheWriteInputTokens: cache.writtenTokens,
  };
}

/** POST /model/ID/converse */
export function converseAnswer({ thoughts, tokens, stopReason }: Reply, usage: object): EmulatorAnswer {
  const reasoning = { reasoningContent: { reasoningText: { text: thoughts.join(''), signature: SIGNATURE } } };
  const content = [...(thoughts.length === 0 ? [] : [reasoning]), ...(tokens.length === 0 ? [] : [{ text: tokens.join('') }])];
  return {
    headers: jsonHeaders(),
    body: JSON.stringify({ metrics: { latencyMs: 1 }, output: { message: { role: 'assistant', content } }, stopReason, usage }),
  };
}

/** The frames of POST /model/ID/converse-stream; `p` pads each event, as the real service does against eavesdroppers. */
export function converseFrames({ thoughts, tokens, stopReason }: Reply, usage: object): Buffer[] {
  const reasoning = thoughts.length === 0 ? [] : [...thoughts.map((text) => ({ reasoningContent: { text } })), { reasoningContent: { signature: SIGNATURE } }];
  return [
    eventMessage('messageStart', { p: 'abcdefghij', role: 'assistant' }),
    ...blockFrames(0, reasoning),
    ...blockFrames(reasoning.length === 0 ? 0 : 1, tokens.map((text) => ({ text }))),
    eventMessage('messageStop', { p: 'abcdefgh', stopReason }),
    eventMessage('metadata', { metrics: { latencyMs: 1 }, p: 'ab', usage }),
  ];
}

function blockFrames(contentBlockIndex: number, deltas: readonly object[]): Buffer[] {
  if (deltas.length === 0) return [];
  return [
    ...deltas.map((delta, index) => eventMessage('contentBlockDelta', { contentBlockIndex, delta, p: padding(index) })),
    eventMessage('contentBlockStop', { contentBlockIndex, p: 'abcd' }),
  ];
}

function padding(index: number): string {
  return 'abcdefghijklmnopqrstuvwxyz'.slice(0, 4 + ((index * 7) % 22));
}
