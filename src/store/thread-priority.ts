import { setPriority } from 'node:os';

/** Of a busy core this leaves a thread a quarter beside one of the usual niceness 0 (sched(7), weights of CFS). */
const BACKGROUND_NICENESS = 5;

/**
 * For a worker that indexes: where cores are few it must not take them from the threads that answer. Linux has a
 * niceness for each thread (setpriority(2)); elsewhere it would be the whole process's.
 */
export function yieldToOtherThreads(): void {
  if (process.platform === 'linux') setPriority(BACKGROUND_NICENESS);
}
