import type { FrameJournal } from '#src/ports/frame-journal.ts';
import { ServiceError } from '#src/errors.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { FrameLog } from './frame-log.ts';
import { framesLogic } from './frames.machine.ts';

export type { FrameListener, FrameLog, Subscription } from './frame-log.ts';

export const FRAMES = 'frames';

const RESTART_WAIT_MS = 2000;

/** @param onLateDelta told of text that came for a turn which had ended, or been stopped, before */
export function framesAgent(journal: FrameJournal, onLateDelta: () => void = () => undefined): StartFunction {
  return actor(framesLogic, { input: ({ runtime }) => ({ journal, onLateDelta, clock: runtime.clock }), table: ({ context }) => context });
}

/** The frame log as it is now; use it at once, it dies with its process. */
export function frameLog(kernel: Kernel): FrameLog | undefined {
  return kernel.table<FrameLog>(FRAMES);
}

/** The frame log, waited for while its process restarts. Rejects with ACTOR_DOWN. */
export async function whenFrameLog(kernel: Kernel): Promise<FrameLog> {
  const log = frameLog(kernel);
  if (log !== undefined) return log;
  await kernel.whenUp(FRAMES, RESTART_WAIT_MS);
  const restarted = frameLog(kernel);
  if (restarted === undefined) throw new ServiceError('ACTOR_DOWN', `${FRAMES} is down`);
  return restarted;
}
