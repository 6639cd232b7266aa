import { FRAMES, framesAgent } from '#agents/frames/frames.agent.ts';
import type { GatewayServices } from '#agents/gateway/gateway.agent.ts';
import { GATEWAY, gatewayAgent } from '#agents/gateway/gateway.agent.ts';
import type { HealthOptions } from '#agents/health/health.agent.ts';
import { HEALTH, healthAgent } from '#agents/health/health.agent.ts';
import type { AdmissionOptions } from '#agents/rag/rag.agent.ts';
import { SESSIONS } from '#agents/session/session.agent.ts';
import type { Config } from '#config/schema.ts';
import type { FrameJournal } from '#src/ports/frame-journal.ts';
import { guardsSupervisor } from './guards.ts';
import type { IngestParts } from './ingest.ts';
import { ingestSupervisor } from './ingest.ts';
import type { ChildSpec } from './kernel/child-spec.ts';
import type { Root } from './kernel/kernel.ts';
import type { StartFunction } from './kernel/process.ts';
import { supervisor } from './kernel/supervisor.ts';
import type { ProvidersParts } from './providers.ts';
import { providersSupervisor } from './providers.ts';
import { ragSupervisor } from './rag.ts';
import { sessionsSupervisor } from './sessions.ts';
import type { StoreParts } from './store.ts';
import { storeSupervisor } from './store.ts';

/** What the tree is made of and does not make itself. */
export interface ApplicationParts {
  readonly config: Config;
  readonly store: StoreParts;
  readonly providers: ProvidersParts;
  readonly rag: AdmissionOptions;
  readonly ingest: IngestParts;
  readonly journal: FrameJournal;
  /** Told of text that came for a turn which had ended, or been stopped, before. */
  readonly onLateDelta: () => void;
  /** Finds the turns whose session died, with its process or its supervisor, and has them answered. */
  readonly adopter: StartFunction;
  readonly health: HealthOptions;
  readonly gateway: GatewayServices;
}

/** The whole service: started from top to bottom, ended from bottom to top, so that the gateway drains first. */
export function application(parts: ApplicationParts): Root {
  const { config } = parts;
  return {
    name: 'banyan',
    start: supervisor({
      strategy: 'one_for_one',
      intensity: 10,
      periodMs: 60_000,
      children: [
        subtree('store', storeSupervisor(parts.store)),
        subtree('guards', guardsSupervisor(config)),
        subtree('providers', providersSupervisor(parts.providers)),
        subtree('rag', ragSupervisor(parts.rag, config.maxConcurrentQueries)),
        subtree('ingest', ingestSupervisor(parts.ingest)),
        { id: 'frames', name: FRAMES, start: framesAgent(parts.journal, parts.onLateDelta) },
        subtree(SESSIONS, sessionsSupervisor(config.maxConnections)),
        { id: 'adopter', name: 'adopter', start: parts.adopter },
        { id: 'health', name: HEALTH, start: healthAgent(parts.health) },
        // It bounds both times itself: by the wait for its port, and by the drain.
        { id: 'gateway', name: GATEWAY, start: gatewayAgent(parts.gateway), startTimeoutMs: 'infinity', shutdown: 'infinity' },
      ],
    }),
  };
}

function subtree(id: string, start: StartFunction): ChildSpec {
  return { id, name: id, type: 'supervisor', start };
}
