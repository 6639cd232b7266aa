import { invalid, refuse } from './refusals.ts';

export interface ChatModel {
  readonly kind: 'chat';
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** Whether a last assistant turn is gone on from; refused otherwise. */
  readonly prefill: boolean;
  /** `one`: temperature or topP, not both; `none`: neither may differ from its default. */
  readonly sampling: 'free' | 'one' | 'none';
  readonly vendor: 'anthropic' | 'amazon' | 'other';
}

export type BedrockModel = ChatModel | { readonly kind: 'titan' | 'cohere-v3' | 'cohere-v4' };

interface CatalogueEntry {
  readonly id: RegExp;
  /** Whether it is called through an inference profile alone. */
  readonly needsProfile: boolean;
  readonly model: BedrockModel;
}

const NOVA: ChatModel = { kind: 'chat', prefill: true, sampling: 'free', vendor: 'amazon', contextTokens: 300_000, maxOutputTokens: 10_000 };

const CATALOGUE: readonly CatalogueEntry[] = [
  { id: /^amazon\.titan-embed-text-v2:0$/, needsProfile: false, model: { kind: 'titan' } },
  { id: /^cohere\.embed-(english|multilingual)-v3$/, needsProfile: false, model: { kind: 'cohere-v3' } },
  { id: /^cohere\.embed-v4(:0)?$/, needsProfile: false, model: { kind: 'cohere-v4' } },
  { id: /^amazon\.nova-micro-v1:0$/, needsProfile: false, model: { ...NOVA, contextTokens: 128_000 } },
  { id: /^amazon\.nova-(lite|pro)-v1:0$/, needsProfile: false, model: NOVA },
  { id: /^amazon\.nova-2-lite-v1:0$/, needsProfile: true, model: { ...NOVA, prefill: false, contextTokens: 1_000_000, maxOutputTokens: 65_535 } },
  { id: /^meta\.llama[34]-[a-z0-9-]+-v1:0$/, needsProfile: true, model: { ...NOVA, vendor: 'other', prefill: false, contextTokens: 128_000, maxOutputTokens: 8192 } },
];

/** Of what has reached its end of life: `anthropic.claude-3-haiku-…`, `anthropic.claude-3-5-haiku-…` and older. */
const ENDED = /^anthropic\.claude-(v2|instant|3-(haiku|opus|sonnet)|3-5-)/;
const PROFILE_PREFIX = /^(us|eu|apac|global|jp|au|ca|us-gov)\./;
const ARN = /^arn:aws[a-z-]*:bedrock:([a-z0-9-]*):(\d{12})?:(foundation-model|inference-profile|application-inference-profile)\/(.+)$/;

export interface ModelRules {
  readonly region: string;
  /** Model ids behind application inference profiles, by the last part of their ARN. */
  readonly profiles: Readonly<Record<string, string>>;
}

/** Finds a model by its id, the id of an inference profile or an ARN. Throws Refusal. */
export function resolveModel(id: string, rules: ModelRules): BedrockModel {
  const arn = ARN.exec(id);
  if (arn === null) return resolveId(id);
  const [, region = '', , kind = '', name = ''] = arn;
  if (region !== rules.region) throw invalid('The provided model identifier is invalid.');
  if (kind !== 'application-inference-profile') return resolveId(name);
  const model = rules.profiles[name];
  if (model === undefined) throw refuse('ResourceNotFoundException', `The inference profile ${id} was not found.`);
  return resolveId(model);
}

function resolveId(id: string): BedrockModel {
  const isProfile = PROFILE_PREFIX.test(id);
  const base = id.replace(PROFILE_PREFIX, '');
  if (ENDED.test(base)) throw refuse('ResourceNotFoundException', 'This model version has reached the end of its life. Please refer to the AWS documentation for more details.');
  const entry = CATALOGUE.find((candidate) => candidate.id.test(base)) ?? claude(base);
  if (entry === undefined) throw invalid('The provided model identifier is invalid.');
  if (entry.needsProfile && !isProfile) {
    throw invalid(`Invocation of model ID ${id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`);
  }
  return entry.model;
}

/** `anthropic.claude-haiku-4-5-20251001-v1:0`, `anthropic.claude-opus-4-7`, `anthropic.claude-sonnet-5-…`. */
function claude(id: string): CatalogueEntry | undefined {
  const match = /^anthropic\.claude-(?:opus|sonnet|haiku)-(\d)(?:-(\d))?(?:-\d{8})?(?:-v\d+(?::\d+)?)?$/.exec(id);
  if (match === null) return undefined;
  const version = Number(match[1]) + Number(match[2] ?? 0) / 10;
  return {
    id: /^$/,
    needsProfile: true,
    model: {
      kind: 'chat',
      contextTokens: 200_000,
      maxOutputTokens: version >= 4.6 ? 128_000 : 64_000,
      prefill: version < 4.6,
      sampling: samplingOf(version),
      vendor: 'anthropic',
    },
  };
}

function samplingOf(version: number): ChatModel['sampling'] {
  if (version >= 4.7) return 'none';
  return version >= 4.1 ? 'one' : 'free';
}
