import type { FrameLog } from '#agents/frames/frames.agent.ts';
import { FRAMES, framesAgent, whenFrameLog } from '#agents/frames/frames.agent.ts';
import { SESSIONS } from '#agents/session/session.agent.ts';
import type { Environment } from '#config/schema.ts';
import { compose } from '#src/composition.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import type { TenantStore } from '#src/ports/store.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import type { ApplicationParts } from '#supervisors/application.ts';
import { guardsSupervisor } from '#supervisors/guards.ts';
import { ingestSupervisor } from '#supervisors/ingest.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Report } from '#supervisors/kernel/report.ts';
import { providersSupervisor } from '#supervisors/providers.ts';
import { ragSupervisor } from '#supervisors/rag.ts';
import { sessionsSupervisor } from '#supervisors/sessions.ts';
import { storeSupervisor } from '#supervisors/store.ts';
import { onTestFinished } from 'vitest';
import { startTree } from './start-tree.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { testConfig } from './test-config.ts';

export interface Conversations extends Pick<ApplicationParts['gateway'], 'sessions' | 'ingest'> {
  readonly kernel: Kernel;
  readonly reports: readonly Report[];
  readonly store: TenantStore;
  readonly dataDir: string;
  readonly stop: () => Promise<unknown>;
}

export interface ConversationOptions {
  readonly models: readonly LanguageModel[];
  readonly env?: Environment;
  readonly dataDir?: string;
}

/** The service without its gateway: real store workers, real actors, a model of the test's own. */
export async function startConversations({ models, env, dataDir = temporaryDirectory() }: ConversationOptions): Promise<Conversations> {
  const config = testConfig(dataDir, env);
  const loggerFor = await createLogging({ level: config.logLevel, isPretty: false });
  let parts: ApplicationParts | undefined;
  const { kernel, reports } = await startTree((made) => {
    const { store, providers, rag, ingest, journal, adopter } = (parts = compose(made, { config, loggerFor, models }));
    return [
      { id: 'store', name: 'store', type: 'supervisor', start: storeSupervisor(store) },
      { id: 'guards', name: 'guards', type: 'supervisor', start: guardsSupervisor(config) },
      { id: 'providers', name: 'providers', type: 'supervisor', start: providersSupervisor(providers) },
      { id: 'rag', name: 'rag', type: 'supervisor', start: ragSupervisor(rag, config.maxConcurrentQueries) },
      { id: 'ingest', name: 'ingest', type: 'supervisor', start: ingestSupervisor(ingest) },
      { id: 'frames', name: FRAMES, start: framesAgent(journal) },
      { id: 'sessions', name: SESSIONS, type: 'supervisor', start: sessionsSupervisor(config.maxConnections) },
      { id: 'adopter', start: adopter },
    ];
  });
  if (parts === undefined) throw new TypeError('the tree made no parts');
  const { sessions, ingest, store } = parts.gateway;
  const stop = (): Promise<unknown> => kernel.stop();
  onTestFinished(() => void stop());
  return { kernel, reports, sessions, ingest, store, dataDir, stop };
}

/** What a client of the session would see: types of frames, deltas with their text, stages. */
export async function watchSession(kernel: Kernel, session: string): Promise<string[]> {
  const seen: string[] = [];
  const listen = (log: FrameLog, after: number | undefined): void => {
    let last = after ?? 0;
    const show = (json: string): void => {
      const frame = JSON.parse(json) as { type: string; seq?: number; text?: string; stage?: string; error?: { code: string } };
      last = frame.seq ?? last;
      seen.push([frame.type, frame.text ?? frame.stage ?? frame.error?.code].filter((part) => part !== undefined).join(' '));
    };
    const subscription = log.subscribe(session, after, { frames: (records) => records.forEach(({ json }) => show(json)), status: show });
    subscription.missed.forEach(({ json }) => show(json));
    kernel.monitor(FRAMES, () => void listenAgain(last));
  };
  const listenAgain = async (last: number): Promise<void> => {
    const next = await whenFrameLog(kernel).catch(() => undefined);
    if (next !== undefined) listen(next, last);
  };
  listen(await whenFrameLog(kernel), undefined);
  return seen;
}
