import type { BedrockRuntimeClient, ConverseStreamCommandInput, ConverseStreamOutput, Message, StopReason, SystemContentBlock, TokenUsage } from '@aws-sdk/client-bedrock-runtime';
import { modelProfile, outputBudget } from '#config/model-table.ts';
import type { ModelProfile } from '#config/model-table.ts';
import type { Usage } from '#src/ports/answer.ts';
import type { GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { checkApiKey } from '../api-key.ts';
import { bedrockFailure, createBedrockClient } from '../bedrock-client.ts';
import type { BedrockClientOptions } from '../bedrock-client.ts';
import { untilAborted } from '../wire/abort.ts';
import { streamAnswer, usageOf } from './answer-stream.ts';
import type { AnswerChunk } from './answer-stream.ts';

export interface BedrockOptions extends BedrockClientOptions {
  /** A model id, or the id or ARN of an inference profile. */
  readonly model: string;
  readonly guardrail?: { readonly id: string; readonly version: string };
  /** Marks the instructions as worth keeping: the provider reads them again at a tenth of the price. Not every model takes it. */
  readonly promptCaching?: boolean;
}

/** Stop reasons of Converse. What a guardrail or filter stopped is `blocked`; no tools are offered, so none may be called. */
const STOPS: Partial<Readonly<Record<StopReason, 'stop' | 'length' | 'blocked'>>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'blocked',
  content_filtered: 'blocked',
};

/** A model on Bedrock, by ConverseStream. The SDK is loaded at the first call. */
export function createBedrockModel(options: BedrockOptions): LanguageModel {
  const { model } = options;
  const id = `bedrock:${model}`;
  const account = bedrockAccount(options);
  const profile = modelProfile(id);
  const client = lazyClient(options, account);
  async function* open(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<AnswerChunk> {
    const [bedrock, { ConverseStreamCommand }] = await Promise.all([client(), import('@aws-sdk/client-bedrock-runtime')]);
    const command = new ConverseStreamCommand(inputOf(options, profile, request));
    // The credential chain, which comes first, takes no signal.
    const { stream, $metadata } = await untilAborted(bedrock.send(command, { abortSignal: signal }), signal);
    for await (const event of stream ?? []) yield readEvent(event, account, $metadata.requestId);
  }
  const failureOf = (error: unknown, signal: AbortSignal): ProviderError => bedrockFailure(account, error, signal);
  return { id, account, stream: (request, signal) => streamAnswer({ account, open, failureOf }, request, signal) };
}

/** Asks the model for one token: the runtime's API has nothing cheaper. Rejects with ProviderError. */
export async function checkBedrock(options: BedrockOptions, signal: AbortSignal): Promise<void> {
  const account = bedrockAccount(options);
  try {
    const [client, { ConverseCommand }] = await Promise.all([loadClient(options, account), import('@aws-sdk/client-bedrock-runtime')]);
    const command = new ConverseCommand({
      modelId: options.model,
      messages: [{ role: 'user', content: [{ text: 'Hello' }] }],
      inferenceConfig: { maxTokens: 1 },
    });
    await untilAborted(client.send(command, { abortSignal: signal }), signal);
  } catch (error) {
    throw bedrockFailure(account, error, signal);
  }
}

export function bedrockAccount({ region, model }: BedrockOptions): string {
  return `bedrock/${region}/${model}`;
}

function lazyClient(options: BedrockOptions, account: string): () => Promise<BedrockRuntimeClient> {
  let client: Promise<BedrockRuntimeClient> | undefined;
  return () => (client ??= loadClient(options, account));
}

async function loadClient(options: BedrockOptions, account: string): Promise<BedrockRuntimeClient> {
  if (options.region === '') throw new ProviderError('auth', account, 'no AWS region is set');
  if (options.bearerToken !== undefined) checkApiKey(options.bearerToken, account);
  return createBedrockClient(options);
}

function inputOf({ model, guardrail, promptCaching }: BedrockOptions, profile: ModelProfile, request: GenerationRequest): ConverseStreamCommandInput {
  const system: SystemContentBlock[] = request.prompt.filter(({ role }) => role === 'system').map(({ text }) => ({ text }));
  if (promptCaching === true && system.length > 0) system.push({ cachePoint: { type: 'default' } });
  const messages: Message[] = request.prompt
    .filter(({ role }) => role !== 'system')
    .map(({ role, text }) => ({ role: role === 'assistant' ? 'assistant' : 'user', content: [{ text }] }));
  const maxTokens = outputBudget(profile, request.maxOutputTokens);
  const temperature = profile.temperature === 'fixed' ? undefined : request.temperature;
  return {
    modelId: model,
    messages,
    ...(system.length === 0 ? {} : { system }),
    ...(maxTokens === undefined && temperature === undefined
      ? {}
      : { inferenceConfig: { ...(maxTokens === undefined ? {} : { maxTokens }), ...(temperature === undefined ? {} : { temperature }) } }),
    ...(guardrail === undefined ? {} : { guardrailConfig: { guardrailIdentifier: guardrail.id, guardrailVersion: guardrail.version } }),
  };
}

/** Errors inside the stream are thrown by the SDK. What the model thinks comes as reasoningContent and is not shown. */
function readEvent(event: ConverseStreamOutput, account: string, requestId: string | undefined): AnswerChunk {
  const text = event.contentBlockDelta?.delta?.text;
  if (text !== undefined) return { text };
  if (event.messageStop !== undefined) return { finish: readStop(event.messageStop.stopReason, account, requestId) };
  const usage = event.metadata?.usage;
  return usage === undefined ? {} : { usage: readUsage(usage) };
}

function readStop(reason: StopReason | undefined, account: string, requestId: string | undefined): 'stop' | 'length' {
  const finish = reason === undefined ? undefined : STOPS[reason];
  if (finish === 'stop' || finish === 'length') return finish;
  const failure = finish === 'blocked' ? 'blocked' : 'bad_response';
  throw new ProviderError(failure, account, `stopped by ${reason}`, requestId === undefined ? {} : { requestId });
}

/** Bedrock counts what it read from or wrote to the prompt cache apart from the rest of the input. */
function readUsage(usage: TokenUsage): Usage {
  const input = (usage.inputTokens ?? 0) + (usage.cacheReadInputTokens ?? 0) + (usage.cacheWriteInputTokens ?? 0);
  return usageOf(input, usage.outputTokens ?? 0);
}
