import type { Component } from '#agents/health/health.agent.ts';
import { EMBEDDER, embedderAgent, embedQuery, QUERY_EMBEDDINGS, queryEmbeddingsAgent, vectorsComponent } from '#agents/embedder/embedder.agent.ts';
import type { CallReport, GuardOptions } from '#agents/governor/governor.agent.ts';
import { hintRate } from '#agents/governor/governor.agent.ts';
import type { ModelsOptions } from '#agents/models/models.agent.ts';
import { currentModels } from '#agents/models/models.agent.ts';
import type { Candidate, DenseSearch } from '#agents/query/query.agent.ts';
import { CAUTIOUS_PROFILE } from '#config/model-table.ts';
import type { Config } from '#config/schema.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { createExtractiveModel, EXTRACTIVE_MODEL_ID } from '#src/adapters/language-model/extractive.ts';
import { LEXICAL_RERANKER_ID } from '#src/adapters/reranker/lexical.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import type { Reranker } from '#src/ports/reranker.ts';
import type { TenantStore } from '#src/ports/store.ts';
import type { Logger } from '#src/telemetry/logger.ts';
import { createEmbeddingModels } from './embedding-models.ts';
import { createLanguageModels } from './language-models.ts';
import { providerComponent } from './provider-component.ts';
import { createRerankers } from './rerankers.ts';
import { createVectorIndex } from './vector-index.ts';

export interface ProvidersOptions {
  readonly config: Config;
  readonly store: TenantStore;
  readonly logger: Logger;
  /** Instead of those of the settings: the first is asked first. */
  readonly models?: readonly LanguageModel[] | undefined;
  readonly onCall: (report: CallReport) => void;
}

/** What the settings switch on, ready for the tree. */
export interface Providers {
  readonly guards: GuardOptions;
  readonly models: ModelsOptions;
  readonly dense: DenseSearch | undefined;
  readonly rerankers: readonly Reranker[];
  /** The processes that make vectors; of documents only where the index is ours to write. */
  readonly embedding: readonly ChildSpec[];
  readonly hasEmbeddedVectors: boolean;
  readonly components: readonly Component[];
  /** Names what finds evidence. */
  readonly retrieval: string;
}

/** A test's model takes any prompt. */
const GENEROUS_PROFILE = { ...CAUTIOUS_PROFILE, contextTokens: 1_000_000 };

/** Throws CONFIG_INVALID where a part that is switched on lacks a setting. */
export function createProviders(kernel: Kernel, options: ProvidersOptions): Providers {
  const { config, store, logger, onCall } = options;
  const fuse = { maxMelts: config.fuseMelts, windowMs: config.fuseWindowMs, refreshMs: config.fuseResetMs };
  const guards: GuardOptions = { kernel, fuse, onOutcome: onCall };
  const rerankers = createRerankers(config);
  const vectors = createVectors(kernel, guards, options);
  return {
    guards,
    models: {
      ...modelsOf(kernel, options),
      store: store.conversations,
      onUnusable: (error) => logger.error({ error }, 'The models that were chosen at run time cannot be used; those of the settings answer'),
    },
    rerankers,
    ...vectors,
    components: [...componentsOf(kernel, rerankers), ...vectors.components],
    retrieval: [config.embeddingModel, config.vectorIndex, config.reranker].join(' '),
  };
}

function modelsOf(kernel: Kernel, { config, models }: ProvidersOptions): Pick<ModelsOptions, 'settings' | 'routesOf' | 'extractive'> {
  const routesOfSettings = createLanguageModels(config, kernel.clock, (account, hint) => hintRate(kernel, account, hint));
  const given = new Map<string, Candidate>(models?.map((model) => [model.id, { model, profile: GENEROUS_PROFILE }]));
  const routesOf = (id: string): readonly Candidate[] => {
    const route = given.get(id);
    return route === undefined ? routesOfSettings(id) : [route];
  };
  const extractive = routesOf(EXTRACTIVE_MODEL_ID)[0]?.model ?? createExtractiveModel({ rate: 0, clock: kernel.clock });
  return { routesOf, extractive, settings: { models: models?.map(({ id }) => id) ?? config.models, temperature: config.temperature } };
}

/** Quotes come from this process: models are a component only where others are switched on. */
function componentsOf(kernel: Kernel, rerankers: readonly Reranker[]): readonly Component[] {
  const remote = rerankers.filter(({ id }) => id !== LEXICAL_RERANKER_ID);
  const models = (): readonly string[] => {
    const current = currentModels(kernel);
    return current?.choice.models.flatMap((id) => (id === EXTRACTIVE_MODEL_ID ? [] : current.accounts(id))) ?? [];
  };
  return [
    providerComponent(kernel, 'models', models),
    ...(remote.length === 0 ? [] : [providerComponent(kernel, 'reranker', () => remote.map(({ account }) => account))]),
  ];
}

type Vectors = Pick<Providers, 'dense' | 'embedding' | 'hasEmbeddedVectors' | 'components'>;

function createVectors(kernel: Kernel, guards: GuardOptions, { config, store, logger }: ProvidersOptions): Vectors {
  const [model, ...otherRoutes] = createEmbeddingModels(config, (account, hint) => hintRate(kernel, account, hint));
  if (model === undefined) return { dense: undefined, embedding: [], hasEmbeddedVectors: false, components: [] };
  const { index, components } = createVectorIndex(config, kernel, model);
  const embedder = embedderAgent({
    guards,
    model,
    otherRoutes,
    index,
    knowledge: store.knowledge,
    space: index.space(store.tenant, store.knowledge.collection),
    batchSize: config.embeddingBatchSize,
    onHeldUp: (failure) => logger.warn({ failure }, 'Vectors of documents are held up'),
    onRefused: (document, error) => logger.warn({ document, error }, 'A document has no vectors'),
  });
  const queries = queryEmbeddingsAgent({ guards, model, otherRoutes, maxEntries: config.embeddingCacheEntries });
  const isForeign = config.pineconeTextField !== '';
  return {
    dense: { index, embed: (text, call) => embedQuery(kernel, text, call) },
    embedding: [
      { id: 'query-embeddings', name: QUERY_EMBEDDINGS, start: queries },
      ...(isForeign ? [] : [{ id: 'embedder', name: EMBEDDER, start: embedder }]),
    ],
    hasEmbeddedVectors: config.vectorIndex === 'embedded',
    components: [
      providerComponent(kernel, 'embedder', () => [model, ...otherRoutes].map(({ account }) => account)),
      providerComponent(kernel, 'vector_db', () => [index.account]),
      ...components,
      ...(isForeign ? [] : [vectorsComponent(kernel)]),
    ],
  };
}
