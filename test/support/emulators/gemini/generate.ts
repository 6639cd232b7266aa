import { answerTokens, countPromptTokens, isBlocked, tokensOf, valueForSchema } from '../answers.ts';
import type { Turn } from '../answers.ts';
import { hashOf } from '../embedding.ts';
import { refuse } from './errors.ts';
import type { GeminiModel } from './models.ts';
import type { GenerateContentRequest, GenerationConfig } from './schemas.ts';

export interface Generation {
  readonly modelName: string;
  readonly model: GeminiModel;
  /** Of the prompt; the model's own when absent. */
  readonly contextTokens: number | undefined;
  /** A scripted way in which an answer goes wrong with status 200. */
  readonly error: string | undefined;
}

/** One piece of a streamed answer, a GenerateContentResponse. */
export type Chunk = Readonly<Record<string, unknown>>;

/** Tokens that a model thinks before it says anything, by level; they count against maxOutputTokens. */
const THOUGHT_TOKENS = { MINIMAL: 0, LOW: 32, MEDIUM: 128, HIGH: 512, THINKING_LEVEL_UNSPECIFIED: 512 } as const;
const DEFAULT_BUDGET = 512;

/** Ways to end without STOP in the middle of an answer, by the name of a scripted error. */
const ENDS_EARLY: Readonly<Record<string, string>> = { 'blocked-answer': 'SAFETY', recitation: 'RECITATION' };

/** The pieces of an answer; the last one holds the finish reason. Throws Refusal for what the service refuses. */
export function generate(request: GenerateContentRequest, generation: Generation): Chunk[] {
  const { error, modelName } = generation;
  const turns = turnsOf(request);
  refuseTurns(request, turns, generation);
  const head = { modelVersion: modelName, responseId: `emulated-${hashOf(JSON.stringify(request)).toString(36)}` };
  const promptTokenCount = countPromptTokens(turns);
  const blocked = { ...head, usageMetadata: { promptTokenCount, totalTokenCount: promptTokenCount } };
  if (error === 'blocked' || isBlocked(turns)) return [{ ...blocked, promptFeedback: { blockReason: 'SAFETY' } }];
  if (error === 'empty') return [{}];
  if (error === 'no-candidates') return [blocked];

  const said = sayWithin(turns, request.generationConfig ?? {}, generation);
  const usage = (candidatesTokenCount: number) => ({
    ...head,
    usageMetadata: {
      promptTokenCount,
      ...(candidatesTokenCount > 0 && { candidatesTokenCount }),
      totalTokenCount: promptTokenCount + candidatesTokenCount + said.thoughts,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokenCount }],
      ...(said.thoughts > 0 && { thoughtsTokenCount: said.thoughts }),
    },
  });
  const texts = said.tokens.map((text, index) => ({ candidates: [{ content: contentOf({ text }), index: 0 }], ...usage(index + 1) }));
  const last = { candidates: [lastCandidate(said)], ...usage(said.tokens.length) };
  const isThoughtShown = request.generationConfig?.thinkingConfig?.includeThoughts === true && said.thoughts > 0;
  const thoughts = isThoughtShown ? [{ candidates: [{ content: contentOf({ text: 'Reading the sources.', thought: true }), index: 0 }], ...usage(0) }] : [];
  return [...thoughts, ...texts, ...(error === 'no-finish' ? [] : [last])];
}

/** The same answer as one response. */
export function joinChunks(chunks: readonly Chunk[]): Chunk {
  const last = chunks.at(-1) ?? {};
  const [candidate] = candidatesOf(last);
  if (candidate === undefined) return last;
  const parts = chunks.flatMap((chunk) => candidatesOf(chunk).flatMap(({ content }) => content?.parts ?? []));
  const text = parts.filter(({ thought }) => thought !== true).map((part) => part.text).join('');
  const thoughts = parts.filter(({ thought }) => thought === true);
  const content = parts.length === 0 ? candidate.content : { role: 'model', parts: [...thoughts, ...(text === '' ? [] : [{ text }])] };
  return { ...last, candidates: [{ ...candidate, ...(candidate.finishReason !== 'SAFETY' && { content }) }] };
}

export function turnsOf({ contents, systemInstruction }: Pick<GenerateContentRequest, 'contents' | 'systemInstruction'>): Turn[] {
  const turns = contents.map(({ role, parts }): Turn => ({ role: role === 'model' ? 'assistant' : 'user', text: parts.map(({ text }) => text).join('') }));
  if (systemInstruction === undefined) return turns;
  return [{ role: 'system', text: systemInstruction.parts.map(({ text }) => text).join('') }, ...turns];
}

function refuseTurns(request: GenerateContentRequest, turns: readonly Turn[], { model, contextTokens }: Generation): void {
  if (model.refusesPrefill === true && turns.at(-1)?.role !== 'user') {
    refuse('bad_request', 'Please ensure that the last turn of the conversation is of the role user.');
  }
  const limit = contextTokens ?? model.inputTokenLimit;
  const count = countPromptTokens(turns);
  if (count > limit) refuse('too_large', `The input token count (${count}) exceeds the maximum number of tokens allowed (${limit}).`);
  const { responseSchema, responseJsonSchema, responseMimeType, maxOutputTokens, thinkingConfig } = request.generationConfig ?? {};
  const hasSchema = responseSchema !== undefined || responseJsonSchema !== undefined;
  if (responseSchema !== undefined && responseJsonSchema !== undefined) refuse('bad_request', 'Only one of response_schema and response_json_schema may be set.');
  if (hasSchema && responseMimeType !== 'application/json') refuse('bad_request', 'A response schema needs the response mime type application/json.');
  if ((maxOutputTokens ?? 0) > model.outputTokenLimit) refuse('bad_request', `max_output_tokens must be at most ${model.outputTokenLimit}.`);
  if (thinkingConfig?.thinkingBudget !== undefined && thinkingConfig.thinkingLevel !== undefined) {
    refuse('bad_request', 'Only one of thinking_budget and thinking_level may be set.');
  }
}

interface Said {
  readonly tokens: readonly string[];
  readonly thoughts: number;
  readonly finishReason: string;
}

function sayWithin(turns: readonly Turn[], config: GenerationConfig, { model, error }: Generation): Said {
  const most = config.maxOutputTokens ?? model.outputTokenLimit;
  const thoughts = Math.min(thoughtTokens(config, model), most);
  const all = stopAt(shapeTokens(answerTokens(turns), config), config.stopSequences ?? []);
  const endsEarly = error === undefined ? undefined : ENDS_EARLY[error];
  if (endsEarly !== undefined) return { tokens: all.slice(0, Math.ceil(all.length / 2)), thoughts, finishReason: endsEarly };
  const tokens = all.slice(0, most - thoughts);
  return { tokens, thoughts, finishReason: tokens.length < all.length ? 'MAX_TOKENS' : 'STOP' };
}

function thoughtTokens({ thinkingConfig }: GenerationConfig, model: GeminiModel): number {
  if (model.thinks !== true) return 0;
  const { thinkingLevel, thinkingBudget = -1 } = thinkingConfig ?? {};
  if (thinkingLevel !== undefined) return THOUGHT_TOKENS[thinkingLevel];
  return thinkingBudget < 0 ? DEFAULT_BUDGET : Math.min(thinkingBudget, DEFAULT_BUDGET);
}

function shapeTokens(tokens: readonly string[], { responseMimeType, responseSchema, responseJsonSchema }: GenerationConfig): readonly string[] {
  if (responseMimeType !== 'application/json') return tokens;
  const schema = responseJsonSchema ?? responseSchema ?? { type: 'string' };
  return tokensOf(JSON.stringify(valueForSchema(schema, tokens.join(''))));
}

function stopAt(tokens: readonly string[], sequences: readonly string[]): readonly string[] {
  const text = tokens.join('');
  const places = sequences.map((sequence) => text.indexOf(sequence)).filter((place) => place >= 0);
  return places.length === 0 ? tokens : tokensOf(text.slice(0, Math.min(...places)));
}

/** With nothing said a candidate has no parts, and none at all where a safety rule ended it. */
function lastCandidate({ tokens, finishReason }: Said): Record<string, unknown> {
  if (finishReason === 'SAFETY') {
    const safetyRatings = [{ category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true }];
    return { finishReason, index: 0, safetyRatings };
  }
  const content = tokens.length === 0 ? { role: 'model' } : contentOf({ text: '', thoughtSignature: 'ZW11bGF0ZWQ=' });
  return { content, finishReason, index: 0 };
}

interface Part {
  readonly text: string;
  readonly thought?: boolean;
  readonly thoughtSignature?: string;
}

interface Candidate {
  readonly content?: { readonly role?: string; readonly parts?: readonly Part[] };
  readonly finishReason?: string;
}

function contentOf(part: Part) {
  return { role: 'model', parts: [part] };
}

function candidatesOf(chunk: Chunk): readonly Candidate[] {
  return (chunk['candidates'] ?? []) as readonly Candidate[];
}
