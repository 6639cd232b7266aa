import type { Content, GenerateContentConfig, GenerateContentParameters, GenerateContentResponse, ThinkingLevel } from '@google/genai/web';
import { modelProfile, outputBudget } from '#config/model-table.ts';
import type { ModelProfile } from '#config/model-table.ts';
import type { Usage } from '#src/ports/answer.ts';
import type { GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { streamAnswer, usageOf } from './answer-stream.ts';
import type { AnswerChunk } from './answer-stream.ts';
import { afterSignIn, createGeminiClient, geminiAccount } from './gemini-client.ts';
import type { GeminiClient, GeminiOptions } from './gemini-client.ts';
import { geminiFailure } from './gemini-failure.ts';

/** The finish reasons of the Gemini API that are a rule's doing, not a fault. */
const BLOCKS = new Set([
  'SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII',
  'IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION', 'MODEL_ARMOR',
]);
/** CONTINUATION asks for another request with a token of the provider's, which is a turn's decision and not ours. */
const FINISH: Readonly<Record<string, 'stop' | 'length'>> = { STOP: 'stop', MAX_TOKENS: 'length', CONTINUATION: 'length' };
/** The least that every model with levels knows; the answer stands in the sources. */
const THINKING_LEVEL = 'LOW' as ThinkingLevel;

/** Gemini, by key or through Vertex AI. The SDK is loaded at the first call. */
export function createGeminiModel(options: GeminiOptions): LanguageModel {
  const { model } = options;
  const id = `gemini:${model}`;
  const account = geminiAccount(options);
  const profile = modelProfile(id);
  const client = lazyClient(options, account);
  async function* open(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<AnswerChunk> {
    const { models } = await client();
    const opening = models.generateContentStream(parametersOf(model, profile, request, signal));
    const stream = await (options.vertex === undefined ? opening : afterSignIn(opening, account, signal));
    for await (const response of stream) yield readResponse(response, account);
  }
  const failureOf = (error: unknown, signal: AbortSignal): ProviderError => geminiFailure(account, error, signal);
  return { id, account, stream: (request, signal) => streamAnswer({ account, open, failureOf }, request, signal) };
}

/** Asks for the model's description, which costs nothing. Rejects with ProviderError. */
export async function checkGemini(options: GeminiOptions, signal: AbortSignal): Promise<void> {
  const account = geminiAccount(options);
  try {
    const { models } = await createGeminiClient(options, account);
    const described = models.get({ model: options.model, config: { abortSignal: signal } });
    await (options.vertex === undefined ? described : afterSignIn(described, account, signal));
  } catch (error) {
    throw geminiFailure(account, error, signal);
  }
}

function lazyClient(options: GeminiOptions, account: string): () => Promise<GeminiClient> {
  let client: Promise<GeminiClient> | undefined;
  return () => (client ??= createGeminiClient(options, account));
}

function parametersOf(model: string, profile: ModelProfile, request: GenerationRequest, signal: AbortSignal): GenerateContentParameters {
  const system = request.prompt.filter(({ role }) => role === 'system').map(({ text }) => text);
  const contents: Content[] = request.prompt
    .filter(({ role }) => role !== 'system')
    .map(({ role, text }) => ({ role: role === 'assistant' ? 'model' : 'user', parts: [{ text }] }));
  const maxOutputTokens = outputBudget(profile, request.maxOutputTokens);
  const config: GenerateContentConfig = {
    abortSignal: signal,
    automaticContinuation: false,
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system.map((text) => ({ text })) } }),
    ...(request.temperature === undefined || profile.temperature === 'fixed' ? {} : { temperature: request.temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...thinkingOf(profile),
  };
  return { model, contents, config };
}

function thinkingOf({ thinking }: ModelProfile): GenerateContentConfig {
  if (thinking === 'none') return {};
  return { thinkingConfig: thinking.style === 'level' ? { thinkingLevel: THINKING_LEVEL } : { thinkingBudget: thinking.reserveTokens } };
}

function readResponse({ candidates, promptFeedback, usageMetadata, responseId }: GenerateContentResponse, account: string): AnswerChunk {
  const ids = responseId === undefined ? {} : { requestId: responseId };
  const candidate = candidates?.[0];
  const reason = promptFeedback?.blockReason ?? candidate?.finishReason;
  if (promptFeedback?.blockReason !== undefined || BLOCKS.has(reason ?? '')) throw new ProviderError('blocked', account, `blocked: ${reason}`, ids);
  const finish = reason === undefined ? undefined : FINISH[reason];
  if (reason !== undefined && finish === undefined) throw new ProviderError('bad_response', account, `finished by ${reason}`, ids);
  const parts = candidate?.content?.parts ?? [];
  const text = parts.map((part) => (part.thought === true ? '' : (part.text ?? ''))).join('');
  return { text, ...(finish === undefined ? {} : { finish }), ...(usageMetadata === undefined ? {} : { usage: readUsage(usageMetadata) }) };
}

/** What is thought is paid for as output; what tools put into the prompt, as input. */
function readUsage(usage: NonNullable<GenerateContentResponse['usageMetadata']>): Usage {
  const input = (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0);
  return usageOf(input, (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0));
}
