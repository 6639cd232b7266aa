import { application } from '#supervisors/application.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import type { ServiceOptions } from './composition.ts';
import { compose } from './composition.ts';
import type { FrameJournal } from './ports/frame-journal.ts';
import { lockDataDirectory } from './store/data-directory-lock.ts';

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
  const logger = options.loggerFor('service');
  const onWait = (holder: string): void => logger.info({ holder }, `waiting for ${dataDir}, held by ${holder}`);
  const lock = await lockDataDirectory(dataDir, { waitMs: lockWaitMs, onWait });
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<ExitReason>();
  const kernel = new Kernel({ onOrphanFailure: () => void kernel.stop() });
  let journal: FrameJournal | undefined;
  const close = (): void => {
    journal?.close();
    lock.release();
  };
  try {
    const parts = compose(kernel, options);
    journal = parts.journal;
    await kernel.boot(application(parts), onEnded);
  } catch (error) {
    close();
    throw rootCause(error);
  }
  const stop = async (): Promise<void> => {
    await kernel.stop();
    close();
  };
  return { kernel, ended, stop };
}

/** What the innermost child that did not start has thrown. */
function rootCause(error: unknown): unknown {
  return error instanceof Error && error.name === 'FailedToStartChild' ? rootCause(error.cause) : error;
}
