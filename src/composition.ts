import { CACHE } from '#agents/cache/cache.agent.ts';
import { FRAMES } from '#agents/frames/frames.agent.ts';
import type { Component } from '#agents/health/health.agent.ts';
import { processes } from '#agents/health/health.agent.ts';
import { firstRunAgent } from '#agents/ingest/first-run.agent.ts';
import { createIngest } from '#agents/ingest/ingest.agent.ts';
import type { StepDeadlines } from '#agents/query/query.agent.ts';
import { QUERIES } from '#agents/query/query.agent.ts';
import { countQuestion, RAG } from '#agents/rag/rag.agent.ts';
import { RATE_LIMIT } from '#agents/rate-limit/rate-limit.agent.ts';
import type { SessionDependencies, TurnSummary } from '#agents/session/session.agent.ts';
import { adopterAgent, createSessions, SESSIONS } from '#agents/session/session.agent.ts';
import type { Config } from '#config/schema.ts';
import type { ApplicationParts } from '#supervisors/application.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { memoryJournal } from './adapters/frame-journal/memory.ts';
import { createExtractiveModel } from './adapters/language-model/extractive.ts';
import { packageRoot } from './locations.ts';
import type { LanguageModel } from './ports/language-model.ts';
import { createStore, STORE_ACTORS } from './store/tenant-store.ts';
import type { LoggerFor } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { recordSupervision } from './telemetry/supervision.ts';
import { outcomeOfTurn, recordTurn } from './telemetry/turns.ts';
import { version } from './version.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly loggerFor: LoggerFor;
  /** The models that answer, the default one first. @defaultValue the extractive one alone */
  readonly models?: readonly LanguageModel[];
}

/** The one tenant, for now. */
const TENANT = 'default';
/** A minute of a thousand streaming sessions, and a few long answers of one (docs/sessions.md). */
const JOURNAL_LIMITS = { maxBytes: 64 * 1024 * 1024, maxSessionBytes: 1024 * 1024 };

/** Makes the parts of the tree from the settings: the one place where adapters meet ports. */
export function compose(kernel: Kernel, { config, loggerFor, models }: ServiceOptions): ApplicationParts {
  const metrics = createMetrics({ withProcess: true });
  recordSupervision(kernel, loggerFor('supervision'), metrics);
  const stores = createStore(kernel);
  const store = stores.tenant(TENANT);
  const known = byId(models ?? [createExtractiveModel({ rate: config.extractiveRate, clock: kernel.clock })]);
  const logQuery = loggerFor('query');
  const turns: SessionDependencies = {
    kernel,
    store,
    queueLength: config.sessionQueueLength,
    turnTimeoutMs: config.turnTimeoutMs,
    idleMs: config.sessionIdleMs,
    model: firstKey(known),
    onTurnEnded: (summary: TurnSummary) => {
      countQuestion(kernel, outcomeOfTurn(summary));
      recordTurn(summary, logQuery, metrics);
    },
  };
  const onLostRecord = (error: unknown): void => logQuery.error({ error }, 'a cached answer was given and its turn not written');
  const sessions = createSessions({ ...turns, models: new Set(known.keys()), onLostRecord });
  const fuse = { maxMelts: config.fuseMelts, windowMs: config.fuseWindowMs, refreshMs: config.fuseResetMs };
  const ingestOptions = { kernel, store, maxDocumentBytes: config.maxDocumentBytes };
  const ingest = createIngest(ingestOptions);
  const docs = new URL('docs/', packageRoot);
  const logHealth = loggerFor('health');
  return {
    config,
    store: { directory: config.dataDir, store: stores },
    rag: { kernel, models: known, topK: config.topK, fuse, deadlines: deadlinesOf(config) },
    ingest: { ...ingestOptions, firstRun: config.seedOnFirstRun ? firstRunAgent({ store, ingest, docs }) : undefined },
    journal: memoryJournal(JOURNAL_LIMITS),
    adopter: adopterAgent(turns),
    health: { kernel, components: components(kernel), onChange: (report) => logHealth.warn(report, `service is ${report.status}`) },
    gateway: { kernel, config, store, sessions, ingest, metrics, logger: loggerFor('gateway'), version },
  };
}

function deadlinesOf({ searchTimeoutMs, firstTokenTimeoutMs, tokenIdleTimeoutMs }: Config): StepDeadlines {
  return { searchMs: searchTimeoutMs, firstTokenMs: firstTokenTimeoutMs, idleMs: tokenIdleTimeoutMs };
}

function byId(models: readonly LanguageModel[]): ReadonlyMap<string, LanguageModel> {
  return new Map(models.map((model) => [model.id, model]));
}

function firstKey(models: ReadonlyMap<string, LanguageModel>): string {
  const [first] = models.keys();
  if (first === undefined) throw new TypeError('a service needs a model');
  return first;
}

/** What `/health` names. */
function components(kernel: Kernel): readonly Component[] {
  const { conversations, knowledgeWriter, knowledgeReader } = STORE_ACTORS;
  return [
    processes(kernel, 'store', [conversations, knowledgeWriter, knowledgeReader], true),
    processes(kernel, 'rag', [RAG, QUERIES], true),
    processes(kernel, 'sessions', [SESSIONS], true),
    processes(kernel, 'frames', [FRAMES], true),
    processes(kernel, 'cache', [CACHE], false),
    processes(kernel, 'rate_limit', [RATE_LIMIT], false),
    processes(kernel, 'ingest', ['jobs', 'reconciler'], false),
  ];
}
