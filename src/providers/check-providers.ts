import { splitPart } from '#config/parse-value.ts';
import type { Config } from '#config/schema.ts';
import { probeEmbeddings } from '#src/adapters/embedding-model/probe.ts';
import { bedrockAccount, checkBedrock } from '#src/adapters/language-model/bedrock.ts';
import { geminiAccount } from '#src/adapters/language-model/gemini-client.ts';
import { checkGemini } from '#src/adapters/language-model/gemini.ts';
import { checkOpenAi, openAiAccount } from '#src/adapters/language-model/openai.ts';
import { probeReranker } from '#src/adapters/reranker/probe.ts';
import { untilAborted } from '#src/adapters/wire/abort.ts';
import { networkFailure } from '#src/adapters/wire/failure.ts';
import { ServiceError } from '#src/errors.ts';
import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import type { ProviderError } from '#src/ports/provider-error.ts';
import type { ActorLink } from '#src/store/tenant/store-actor.ts';
import { createEmbeddingModels } from './embedding-models.ts';
import { bedrockOptions, geminiOptions, openAiOptions, vertexOptions } from './model-options.ts';
import { createRerankers } from './rerankers.ts';
import { createVectorIndex } from './vector-index.ts';

export type ProviderRole = 'model' | 'embeddings' | 'vectors' | 'reranker';

/** What was asked, and how it went. */
export interface ProviderCheck {
  readonly role: ProviderRole;
  /** As the settings name it: `provider:name`. */
  readonly part: string;
  readonly outcome: ProviderOutcome;
}

export type ProviderOutcome =
  | { readonly kind: 'usable'; readonly account: string; readonly dimension?: number }
  /** The first document makes it. */
  | { readonly kind: 'absent'; readonly account: string }
  /** The index holds vectors of another length than the model makes. */
  | { readonly kind: 'mismatch'; readonly account: string; readonly found: number; readonly needed: number }
  /** It is set, and nothing uses it. */
  | { readonly kind: 'unused' }
  | { readonly kind: 'failed'; readonly error: ProviderError }
  /** CONFIG_INVALID: a setting is missing. */
  | { readonly kind: 'misconfigured'; readonly error: ServiceError };

interface Probe {
  readonly role: ProviderRole;
  readonly part: string;
  readonly account: string;
  /** Rejects with ProviderError. */
  run(signal: AbortSignal): Promise<ProviderOutcome>;
}

/** No answer after that is as good as none: questions do not wait that long for a first token. */
export const PROBE_TIMEOUT_MS = 10_000;

/**
 * Asks every provider of the settings for as little as its API allows, all at once, and gives the outcomes in the order
 * of the settings: models, embeddings, vector index, reranker, each by each key or region. Never rejects for a provider's
 * fault. One token of a Bedrock model, one word's vector and the ranking of two sentences are what it costs.
 */
export async function checkProviders(config: Config, { timeoutMs = PROBE_TIMEOUT_MS } = {}): Promise<readonly ProviderCheck[]> {
  const parts = [...config.models.map((part) => modelProbes(config, part)), ...vectorProbes(config), rerankerProbes(config)];
  return (await Promise.all(parts.map((probes) => runAll(probes, timeoutMs)))).flat();
}

type Probes = readonly Probe[] | ProviderCheck;

async function runAll(probes: Probes, timeoutMs: number): Promise<readonly ProviderCheck[]> {
  if ('outcome' in probes) return [probes];
  return Promise.all(
    probes.map(async ({ role, part, account, run }) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const failed = (error: unknown): ProviderOutcome => ({ kind: 'failed', error: networkFailure(account, error, signal) });
      return { role, part, outcome: await untilAborted(run(signal), signal).catch(failed) };
    }),
  );
}

/** What `make` gives, or why a setting keeps it from being made. */
function unlessMisconfigured(role: ProviderRole, part: string, make: () => readonly Probe[]): Probes {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { role, part, outcome: { kind: 'misconfigured', error } };
  }
}

function modelProbes(config: Config, part: string): Probes {
  return unlessMisconfigured('model', part, () =>
    modelChecks(config, part).map(({ account, check }) => ({
      role: 'model',
      part,
      account,
      run: async (signal) => {
        await check(signal);
        return { kind: 'usable', account };
      },
    })),
  );
}

interface ModelCheck {
  readonly account: string;
  check(signal: AbortSignal): Promise<void>;
}

/** None for quotes, which need no provider. */
function modelChecks(config: Config, part: string): readonly ModelCheck[] {
  const { provider, name: model } = splitPart(part);
  switch (provider) {
    case 'gemini':
      return geminiOptions(config, model).map((options) => ({ account: geminiAccount(options), check: (signal) => checkGemini(options, signal) }));
    case 'vertex': {
      const options = vertexOptions(config, model);
      return [{ account: geminiAccount(options), check: (signal) => checkGemini(options, signal) }];
    }
    case 'bedrock':
      return bedrockOptions(config, model).map((options) => ({ account: bedrockAccount(options), check: (signal) => checkBedrock(options, signal) }));
    case 'openai':
      return openAiOptions(config, model).map((options) => ({ account: openAiAccount(options), check: (signal) => checkOpenAi(options, signal) }));
    default:
      return [];
  }
}

function vectorProbes(config: Config): readonly Probes[] {
  const { embeddingModel, vectorIndex } = config;
  if (embeddingModel === 'none') {
    return vectorIndex === 'embedded' ? [] : [{ role: 'vectors', part: vectorIndex, outcome: { kind: 'unused' } }];
  }
  const embeddings = unlessMisconfigured('embeddings', embeddingModel, () =>
    createEmbeddingModels(config).map((model) => ({ role: 'embeddings', part: embeddingModel, account: model.account, run: (signal) => runEmbeddings(model, signal) })),
  );
  // Without the embedding model nobody knows how long its vectors are.
  if ('outcome' in embeddings || vectorIndex === 'embedded') return [embeddings];
  return [embeddings, unlessMisconfigured('vectors', vectorIndex, () => indexProbes(config))];
}

async function runEmbeddings(model: EmbeddingModel, signal: AbortSignal): Promise<ProviderOutcome> {
  await probeEmbeddings(model, signal);
  return { kind: 'usable', account: model.account, dimension: model.dimension };
}

function indexProbes(config: Config): readonly Probe[] {
  const [model] = createEmbeddingModels(config);
  if (model === undefined) return [];
  const { index } = createVectorIndex(config, NO_STORE, model);
  const { account } = index;
  const run = async (signal: AbortSignal): Promise<ProviderOutcome> => {
    const found = await index.dimension(signal);
    if (found === undefined) return { kind: 'absent', account };
    return found === model.dimension ? { kind: 'usable', account, dimension: found } : { kind: 'mismatch', account, found, needed: model.dimension };
  };
  return [{ role: 'vectors', part: config.vectorIndex, account, run }];
}

/** The index of the data directory is asked inside the service alone. */
const NO_STORE: ActorLink = {
  ask: () => Promise.reject(new ServiceError('ACTOR_DOWN')),
  whenUp: () => Promise.reject(new ServiceError('ACTOR_DOWN')),
};

function rerankerProbes(config: Config): Probes {
  const part = config.reranker;
  if (part === 'none' || part.startsWith('lexical:')) return [];
  return unlessMisconfigured('reranker', part, () =>
    createRerankers(config).map((reranker) => ({
      role: 'reranker',
      part,
      account: reranker.account,
      run: async (signal) => {
        await probeReranker(reranker, signal);
        return { kind: 'usable', account: reranker.account };
      },
    })),
  );
}
