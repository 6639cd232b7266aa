import { AsyncLocalStorage } from 'node:async_hooks';
import type { Process } from './process.ts';
import type { Runtime } from './runtime.ts';

/** Whose code runs now, through timers, promises and sockets. Shared by all kernels of the Node process. */
export const currentProcess = new AsyncLocalStorage<Process>();

export type StrayOrigin = 'uncaughtException' | 'unhandledRejection';

/**
 * Charges failures that nobody caught to the actor whose code caused them: that actor crashes, and only it. `onOrphan`
 * gets what belongs to no living actor of this kernel. Returns how to stop watching.
 */
export function guardStrayFailures(runtime: Runtime, onOrphan: (error: unknown, origin: StrayOrigin) => void): () => void {
  const charge = (error: unknown, origin: StrayOrigin): void => {
    const owner = currentProcess.getStore();
    if (owner !== undefined && owner.runtime !== runtime) return;
    const isAlive = owner !== undefined && owner.status !== 'exited';
    runtime.report({ type: 'stray', origin, error, owner: owner?.name ?? owner?.id });
    if (isAlive) owner.fail(error);
    else if (owner === undefined) onOrphan(error, origin);
  };
  const onException = (error: unknown): void => charge(error, 'uncaughtException');
  const onRejection = (error: unknown): void => charge(error, 'unhandledRejection');
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}
