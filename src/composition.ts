import { CACHE } from '#agents/cache/cache.agent.ts';
import { vectorProgress } from '#agents/embedder/embedder.agent.ts';
import { FRAMES } from '#agents/frames/frames.agent.ts';
import { fuseStates } from '#agents/fuse/fuse.agent.ts';
import type { CallReport } from '#agents/governor/governor.agent.ts';
import { governorStatuses } from '#agents/governor/governor.agent.ts';
import type { Component } from '#agents/health/health.agent.ts';
import { processes } from '#agents/health/health.agent.ts';
import { firstRunAgent } from '#agents/ingest/first-run.agent.ts';
import { createIngest } from '#agents/ingest/ingest.agent.ts';
import { QUERIES } from '#agents/query/query.agent.ts';
import type { AdmissionOptions } from '#agents/rag/rag.agent.ts';
import { countQuestion, RAG } from '#agents/rag/rag.agent.ts';
import { RATE_LIMIT } from '#agents/rate-limit/rate-limit.agent.ts';
import type { SessionDependencies, TurnSummary } from '#agents/session/session.agent.ts';
import { adopterAgent, createSessions, SESSIONS } from '#agents/session/session.agent.ts';
import type { Config } from '#config/schema.ts';
import { shownSettings } from '#config/shown-settings.ts';
import type { ApplicationParts } from '#supervisors/application.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { DiskJournal } from './adapters/frame-journal/disk.ts';
import { ServiceError } from './errors.ts';
import { packageRoot } from './locations.ts';
import type { FrameJournal } from './ports/frame-journal.ts';
import type { LanguageModel } from './ports/language-model.ts';
import type { Providers } from './providers/providers.ts';
import { createProviders } from './providers/providers.ts';
import { crashDirectory, frameDirectory } from './store/files.ts';
import { createStore, STORE_ACTORS } from './store/tenant-store.ts';
import { CapsuleFiles } from './telemetry/capsules/capsule-files.ts';
import { recordCrashes } from './telemetry/capsules/crash-recorder.ts';
import type { Logger, LoggerFor } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { exportGuards } from './telemetry/guards.ts';
import type { ShortenedPrompt } from './telemetry/provider-calls.ts';
import { recordCall, recordShortened } from './telemetry/provider-calls.ts';
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
/** How long a client may be away and find its frames after a restart, where the files have room (docs/sessions.md). */
const FRAMES_RETAINED_MS = 60 * 60 * 1000;

/** Makes the parts of the tree from the settings: with src/providers the one place where adapters meet ports. Throws CONFIG_INVALID. */
export function compose(kernel: Kernel, { config, loggerFor, models }: ServiceOptions): ApplicationParts {
  const metrics = createMetrics({ withProcess: true });
  recordSupervision(kernel, loggerFor('supervision'), metrics);
  exportGuards(metrics.registry, { fuses: () => fuseStates(kernel), governors: () => governorStatuses(kernel) });
  const crashes = new CapsuleFiles(crashDirectory(config.dataDir));
  const recorder = recordCrashes(kernel, { files: crashes, ...shownSettings(config), version, logger: loggerFor('crashes') });
  const stores = createStore(kernel);
  const store = stores.tenant(TENANT);
  const onCall = (report: CallReport): void => recordCall(report, loggerFor('providers'), metrics);
  const onShortened = (shortened: ShortenedPrompt): void => recordShortened(shortened, loggerFor('providers'), metrics);
  const providers = createProviders(kernel, { config, store, logger: loggerFor('providers'), models, onCall });
  const logQuery = loggerFor('query');
  const turns: SessionDependencies = {
    kernel,
    store,
    queueLength: config.sessionQueueLength,
    turnTimeoutMs: config.turnTimeoutMs,
    idleMs: config.sessionIdleMs,
    recorder,
    onTurnEnded: (summary: TurnSummary) => {
      countQuestion(kernel, outcomeOfTurn(summary));
      recordTurn(summary, logQuery, metrics);
    },
  };
  const onLostRecord = (error: unknown): void => logQuery.error({ error }, 'a cached answer was given and its turn not written');
  const sessions = createSessions({ ...turns, onLostRecord });
  const ingestOptions = {
    kernel,
    store,
    maxDocumentBytes: config.maxDocumentBytes,
    ...(providers.embedding.some(({ id }) => id === 'embedder') ? { vectors: vectorProgress(kernel) } : {}),
  };
  const ingest = createIngest(ingestOptions);
  const docs = new URL('docs/', packageRoot);
  const logHealth = loggerFor('health');
  const health = [...components(kernel), ...providers.components];
  return {
    config,
    store: { directory: config.dataDir, store: stores, hasVectors: providers.hasEmbeddedVectors },
    providers,
    rag: { steps: { ...stepsOf(providers, config), recorder, onShortened }, topK: config.topK, retrieval: providers.retrieval },
    ingest: { ...ingestOptions, firstRun: config.seedOnFirstRun ? firstRunAgent({ store, ingest, docs }) : undefined },
    journal: openJournal(config, loggerFor('frames'), metrics),
    onLateDelta: () => metrics.tokensAfterCancel.inc(),
    adopter: adopterAgent(turns),
    health: { kernel, components: health, onChange: (report) => logHealth.warn(report, `service is ${report.status}`) },
    gateway: { kernel, config, store, sessions, ingest, metrics, crashes, logger: loggerFor('gateway'), version },
  };
}

/** The files of the frame log as the process before left them. Throws DATA_DIR_UNUSABLE. */
function openJournal({ dataDir }: Config, logger: Logger, metrics: Metrics): FrameJournal {
  const directory = frameDirectory(dataDir);
  try {
    return new DiskJournal({
      directory,
      memory: JOURNAL_LIMITS,
      retainMs: FRAMES_RETAINED_MS,
      onFailure: (error) => {
        metrics.frameLogFailures.inc();
        logger.error({ error }, 'the frame log cannot be written: after a restart clients get a snapshot');
      },
      onRecovery: () => logger.info('the frame log is written again'),
      onDiscarded: (reason) => logger.warn({ reason }, 'the frame log was discarded: returning clients get a snapshot'),
    });
  } catch (error) {
    throw new ServiceError('DATA_DIR_UNUSABLE', `${directory}: ${(error as Error).message}`, { cause: error });
  }
}

function stepsOf({ guards, dense, rerankers, models }: Providers, config: Config): AdmissionOptions['steps'] {
  return {
    guards,
    rerankers,
    extractive: models.extractive,
    maxOutputTokens: config.maxOutputTokens,
    deadlines: { firstTokenMs: config.firstTokenTimeoutMs, idleMs: config.tokenIdleTimeoutMs },
    limits: {
      searchMs: config.searchTimeoutMs,
      embeddingMs: config.embeddingTimeoutMs,
      rerankMs: config.rerankTimeoutMs,
      attempts: config.providerAttempts,
    },
    ...(dense === undefined ? {} : { dense }),
  };
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
