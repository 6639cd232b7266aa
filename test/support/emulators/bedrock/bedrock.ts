import { randomUUID } from 'node:crypto';
import { startEmulator } from '../emulator.ts';
import type { Emulator, EmulatorAnswer, EmulatorOptions, EmulatorRequest } from '../emulator.ts';
import { invokeCohere } from './cohere.ts';
import { converseAnswer, converseFrames, isScriptedReply, replyTo, usageOf } from './converse.ts';
import { readConverse } from './converse-request.ts';
import { resolveModel } from './models.ts';
import type { ChatModel } from './models.ts';
import { PromptCache } from './prompt-cache.ts';
import { invalid, jsonHeaders, refuse, scriptedRefusal } from './refusals.ts';
import { rerank } from './rerank.ts';
import { bendFrames } from './scripted-frames.ts';
import { checkAuthorization } from './signature.ts';
import type { AwsAccount } from './signature.ts';
import { invokeTitan } from './titan.ts';

export const AWS_ACCESS_KEY_ID = 'AKIAEMULATED00000001';
export const AWS_SECRET_ACCESS_KEY = 'emulated-aws-secret';
export const AWS_REGION = 'us-east-1';
export const BEDROCK_KEY = 'emulated-bedrock-key';
/** Identifier and version of a guardrail that exists. */
export const GUARDRAIL = { id: 'emulated-guardrail', version: '1' } as const;
/** ARN of an application inference profile that exists in us-east-1. */
export const INFERENCE_PROFILE_ARN = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/emulated1234';

export interface BedrockOptions extends EmulatorOptions {
  /** @defaultValue us-east-1 */
  readonly region?: string;
  /** The emulator's clock, for skewed ones. @defaultValue Date.now */
  readonly nowMs?: () => number;
  /** Instead of the context of every chat model. */
  readonly contextTokens?: number;
}

export interface BedrockEmulator extends Emulator {
  /** By access key id: may be changed while the emulator runs, for credentials that expire. */
  readonly accounts: Map<string, AwsAccount>;
}

interface Service {
  readonly accounts: ReadonlyMap<string, AwsAccount>;
  readonly bearerKeys: ReadonlySet<string>;
  readonly region: string;
  readonly nowMs: () => number;
  readonly contextTokens: number | undefined;
  readonly cache: PromptCache;
}

const PROFILES = { emulated1234: 'us.anthropic.claude-haiku-4-5-20251001-v1:0' };
const GUARDRAILS = new Set([`${GUARDRAIL.id}:${GUARDRAIL.version}`, `${GUARDRAIL.id}:DRAFT`]);

/** The runtime and, for POST /rerank, the agent runtime on one address. */
export async function startBedrock(options: BedrockOptions = {}): Promise<BedrockEmulator> {
  const accounts = new Map<string, AwsAccount>([[AWS_ACCESS_KEY_ID, { secretAccessKey: AWS_SECRET_ACCESS_KEY }]]);
  const service: Service = {
    accounts,
    bearerKeys: new Set([options.key ?? BEDROCK_KEY]),
    region: options.region ?? AWS_REGION,
    nowMs: options.nowMs ?? Date.now,
    contextTokens: options.contextTokens,
    cache: new PromptCache(),
  };
  const emulator = await startEmulator((request) => handle(request, service), options);
  return Object.defineProperty(emulator as BedrockEmulator, 'accounts', { value: accounts, enumerable: true });
}

function handle(request: EmulatorRequest, service: Service): EmulatorAnswer {
  const refusal = request.error === undefined ? undefined : scriptedRefusal(request.error);
  if (refusal !== undefined) throw refusal;
  checkAuthorization(request, service);
  if (`${request.method} ${request.url.pathname}` === 'POST /rerank') {
    return { headers: jsonHeaders(), body: JSON.stringify(rerank(request.body, service.region)) };
  }
  const [, root, id = '', action, ...rest] = request.url.pathname.split('/');
  if (request.method !== 'POST' || root !== 'model' || rest.length > 0) throw unknownOperation();
  const modelId = decodeURIComponent(id);
  if (action === 'invoke') return invoke(request, modelId, service);
  if (action === 'converse') return converse(request, modelId, service);
  if (action === 'converse-stream') return converseStream(request, modelId, service);
  throw unknownOperation();
}

function unknownOperation(): Error {
  return refuse('UnknownOperationException', 'The requested operation is not recognized by the service.');
}

function invoke({ body, error }: EmulatorRequest, modelId: string, service: Service): EmulatorAnswer {
  expectNoError(error);
  const model = resolveModel(modelId, { region: service.region, profiles: PROFILES });
  if (model.kind === 'titan') return invokeTitan(body);
  if (model.kind === 'chat') throw invalid(`The emulator calls ${modelId} by Converse alone.`);
  return invokeCohere(model.kind, body);
}

function converse(request: EmulatorRequest, modelId: string, service: Service): EmulatorAnswer {
  if (request.error !== undefined && !isScriptedReply(request.error)) expectNoError(request.error);
  const { reply, usage } = think(request, modelId, service);
  return converseAnswer(reply, usage);
}

function converseStream(request: EmulatorRequest, modelId: string, service: Service): EmulatorAnswer {
  const { reply, usage } = think(request, modelId, service);
  const frames = converseFrames(reply, usage);
  const { error } = request;
  const bent = error === undefined || isScriptedReply(error) ? frames : bendFrames(frames, error);
  if (bent === undefined) expectNoError(error);
  return { headers: { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': randomUUID() }, stream: bent ?? frames };
}

function think({ body, error }: EmulatorRequest, modelId: string, service: Service) {
  const model = chatModel(modelId, service);
  const request = readConverse(body, { model, contextTokens: service.contextTokens ?? model.contextTokens, guardrails: GUARDRAILS });
  const reply = replyTo(request, error);
  return { reply, usage: usageOf(request, reply, service.cache.use(modelId, request)) };
}

function chatModel(modelId: string, service: Service): ChatModel {
  const model = resolveModel(modelId, { region: service.region, profiles: PROFILES });
  if (model.kind !== 'chat') throw invalid("This action doesn't support the model that you provided. Try again with a supported text or chat model.");
  return model;
}

/** A script that names an error nobody knows would otherwise test nothing. */
function expectNoError(error: string | undefined): void {
  if (error !== undefined) throw new Error(`expected an error that Bedrock's emulator has for this operation, got: ${error}`);
}
