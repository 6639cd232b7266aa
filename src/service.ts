import type { Config } from '#config/schema.ts';
import { application } from '#supervisors/application.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import { compose } from './composition.ts';
import type { LanguageModel } from './ports/language-model.ts';
import { lockDataDirectory } from './store/data-directory-lock.ts';
import type { LoggerFor } from './telemetry/logger.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly loggerFor: LoggerFor;
  /** The models that answer, the default one first. @defaultValue the extractive one alone */
  readonly models?: readonly LanguageModel[];
}

export interface Service {
  readonly kernel: Kernel;
  /** Resolves when the tree has ended, by `stop` or because it gave up. */
  readonly ended: Promise<ExitReason>;
  /** Drains and ends the tree, then frees the data directory. */
  stop(): Promise<void>;
}

/** Starts the whole service. Rejects with the ServiceError of the part that did not start. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { dataDir, lockWaitMs } = options.config;
  const lock = await lockDataDirectory(dataDir, { waitMs: lockWaitMs });
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<ExitReason>();
  const kernel = new Kernel({ onOrphanFailure: () => void kernel.stop() });
  try {
    await kernel.boot(application(compose(kernel, options)), onEnded);
  } catch (error) {
    lock.release();
    throw rootCause(error);
  }
  const stop = async (): Promise<void> => {
    await kernel.stop();
    lock.release();
  };
  return { kernel, ended, stop };
}

/** What the innermost child that did not start has thrown. */
function rootCause(error: unknown): unknown {
  return error instanceof Error && error.name === 'FailedToStartChild' ? rootCause(error.cause) : error;
}
