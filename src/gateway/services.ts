import type { Ingest } from '#agents/ingest/ingest.agent.ts';
import type { Sessions } from '#agents/session/session.agent.ts';
import type { Config } from '#config/schema.ts';
import type { TenantStore } from '#src/ports/store.ts';
import type { CapsuleFiles } from '#src/telemetry/capsules/capsule-files.ts';
import type { Logger } from '#src/telemetry/logger.ts';
import type { Metrics } from '#src/telemetry/metrics.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';

/** All that the gateway talks to. */
export interface GatewayServices {
  readonly kernel: Kernel;
  readonly config: Config;
  readonly store: TenantStore;
  readonly sessions: Sessions;
  readonly ingest: Ingest;
  readonly metrics: Metrics;
  readonly crashes: Pick<CapsuleFiles, 'list' | 'read'>;
  readonly logger: Logger;
  readonly version: string;
}
