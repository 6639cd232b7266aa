import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Turn } from '../answers.ts';
import { countPromptTokens } from '../answers.ts';
import { bodyReader } from '../check-body.ts';
import type { BodyProblem } from '../check-body.ts';
import { strict } from '../shape.ts';
import type { ChatModel } from './models.ts';
import { invalid } from './refusals.ts';

const cachePoint = strict({ cachePoint: strict({ type: Type.Literal('default'), ttl: Type.Optional(Type.Union([Type.Literal('5m'), Type.Literal('1h')])) }) });
const guardContent = strict({ guardContent: strict({ text: strict({ text: Type.String(), qualifiers: Type.Optional(Type.Array(Type.String())) }) }) });
const block = Type.Union([strict({ text: Type.String() }), cachePoint, guardContent]);

const guardrailConfig = strict({
  guardrailIdentifier: Type.String(),
  guardrailVersion: Type.String(),
  trace: Type.Optional(Type.Union(['enabled', 'disabled', 'enabled_full'].map((trace) => Type.Literal(trace)))),
  streamProcessingMode: Type.Optional(Type.Union([Type.Literal('sync'), Type.Literal('async')])),
});

const schema = strict({
  messages: Type.Array(strict({ role: Type.Union([Type.Literal('user'), Type.Literal('assistant')]), content: Type.Array(block) })),
  system: Type.Optional(Type.Array(block)),
  inferenceConfig: Type.Optional(strict({
    maxTokens: Type.Optional(Type.Integer({ minimum: 1 })),
    temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    topP: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    stopSequences: Type.Optional(Type.Array(Type.String())),
  })),
  guardrailConfig: Type.Optional(guardrailConfig),
  outputConfig: Type.Optional(strict({
    effort: Type.Optional(Type.Union(['low', 'medium', 'high', 'max'].map((effort) => Type.Literal(effort)))),
    textFormat: Type.Optional(strict({
      type: Type.Literal('json_schema'),
      structure: strict({ jsonSchema: strict({ schema: Type.String(), name: Type.Optional(Type.String()), description: Type.Optional(Type.String()) }) }),
    })),
  })),
  additionalModelRequestFields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  additionalModelResponseFieldPaths: Type.Optional(Type.Array(Type.String())),
  requestMetadata: Type.Optional(Type.Record(Type.String(), Type.String())),
  performanceConfig: Type.Optional(strict({ latency: Type.Union([Type.Literal('standard'), Type.Literal('optimized')]) })),
  serviceTier: Type.Optional(strict({ type: Type.String() })),
});

const readBody = bodyReader(schema);

export type ConverseRequest = Static<typeof schema>;
type Block = Static<typeof block>;
type Message = ConverseRequest['messages'][number];

export interface ConverseRules {
  readonly model: ChatModel;
  readonly contextTokens: number;
  /** `IDENTIFIER:VERSION` of every guardrail that exists. */
  readonly guardrails: ReadonlySet<string>;
}

const MAX_CACHE_POINTS = 4;

/** Reads and checks a request as Converse does. Throws Refusal. */
export function readConverse(body: Buffer, rules: ConverseRules): ConverseRequest {
  const checked = readBody(body);
  if (checked.problem !== undefined) throw invalid(wordsOf(checked.problem));
  const request = checked.value;
  checkMessages(request.messages);
  checkPrefill(request.messages.at(-1), rules.model);
  checkSampling(request, rules.model);
  checkGuardrail(request, rules.guardrails);
  if (request.outputConfig !== undefined && rules.model.vendor !== 'anthropic') throw invalid("This model doesn't support the outputConfig field. Remove outputConfig and try again.");
  checkCachePoints(request, rules.model);
  if (countPromptTokens(turnsOf(request)) > rules.contextTokens) throw invalid('Input is too long for requested model.');
  return request;
}

/** The turns as text, `system` first. */
export function turnsOf({ system = [], messages }: ConverseRequest): Turn[] {
  const first: Turn[] = system.length === 0 ? [] : [{ role: 'system', text: textOf(system) }];
  return [...first, ...messages.map(({ role, content }) => ({ role, text: textOf(content) }))];
}

export function textOf(content: readonly Block[]): string {
  return content.map(textOfBlock).join('');
}

function textOfBlock(block: Block): string {
  if ('text' in block) return block.text;
  return 'guardContent' in block ? block.guardContent.text.text : '';
}

function wordsOf({ kind, path, message }: BodyProblem): string {
  if (kind === 'unknown') return `The model returned the following errors: extraneous key [${path}] is not permitted`;
  return `1 validation error detected: Value at '${path}' failed to satisfy constraint: ${message}`;
}

function checkMessages(messages: readonly Message[]): void {
  if (messages[0]?.role !== 'user') {
    throw invalid('A conversation must start with a user message. Try again with a conversation that starts with a user message.');
  }
  for (const [index, message] of messages.entries()) {
    if (index > 0 && message.role === messages[index - 1]?.role) {
      throw invalid('A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.');
    }
    if (message.content.length === 0) throw invalid(`The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`);
    const blank = message.content.findIndex((block) => 'text' in block && block.text.trim() === '');
    if (blank >= 0) throw invalid(`The text field in the ContentBlock object at messages.${index}.content.${blank} is blank. Add text to the text field, and try again.`);
  }
}

function checkPrefill(last: Message | undefined, model: ChatModel): void {
  if (last?.role !== 'assistant') return;
  if (!model.prefill) throw invalid('This model does not support assistant message prefill. The conversation must end with a user message.');
  if (model.vendor === 'anthropic' && /\s$/.test(textOf(last.content))) throw invalid('messages: final assistant content cannot end with trailing whitespace');
}

function checkSampling({ inferenceConfig = {} }: ConverseRequest, model: ChatModel): void {
  const { temperature, topP, maxTokens = 1 } = inferenceConfig;
  if (maxTokens > model.maxOutputTokens) {
    throw invalid(`The maximum tokens you requested exceeds the model limit of ${model.maxOutputTokens}. Try again with a maximum tokens value that is lower than ${model.maxOutputTokens}.`);
  }
  if (model.sampling === 'none' && ((temperature ?? 1) !== 1 || topP !== undefined)) throw invalid('temperature and top_p may not be set for this model.');
  if (model.sampling === 'one' && temperature !== undefined && topP !== undefined) {
    throw invalid('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  }
}

function checkGuardrail({ guardrailConfig: config }: ConverseRequest, guardrails: ReadonlySet<string>): void {
  if (config === undefined) return;
  const id = config.guardrailIdentifier.replace(/^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:\d{12}:guardrail\//, '');
  if (!guardrails.has(`${id}:${config.guardrailVersion}`)) throw invalid('The guardrail identifier or version provided in the request does not exist.');
}

function checkCachePoints({ system = [], messages }: ConverseRequest, model: ChatModel): void {
  const points = [system, ...messages.map(({ content }) => content)].flat().filter((block) => 'cachePoint' in block).length;
  if (points > 0 && model.vendor === 'other') throw invalid('You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.');
  if (points > MAX_CACHE_POINTS) throw invalid(`A maximum of ${MAX_CACHE_POINTS} cache points is allowed, got ${points}.`);
}
