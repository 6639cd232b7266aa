import type { Runtime } from './runtime.ts';
import type { Child } from './child.ts';
import { cancelRetry } from './child.ts';
import type { ExitReason } from './exit-reason.ts';
import { KILLED } from './exit-reason.ts';
import type { Process } from './process.ts';

/**
 * Ends a process as its spec says: kill, or ask, wait and then kill. Answers with its exit reason, at once where the
 * process ends at once. One that had already ended keeps its own reason.
 */
export function endChild(runtime: Runtime, process: Process): ExitReason | Promise<ExitReason> {
  if (process.status === 'exited') return whenGone(process);
  if (process.spec.shutdown === 'brutal_kill') {
    process.kill();
    return whenGone(process);
  }
  ask(runtime, process);
  return process.reason === undefined ? awaitExit(runtime, process) : whenGone(process);
}

function ask(runtime: Runtime, process: Process): void {
  try {
    runtime.runAs(process, () => process.handle?.shutdown());
  } catch (error) {
    process.fail(error);
  }
}

async function awaitExit(runtime: Runtime, process: Process): Promise<ExitReason> {
  const limit = process.spec.shutdown;
  await new Promise<void>((resolve) => {
    const timer = typeof limit === 'number' ? runtime.clock.setTimeout(() => process.kill(), limit) : undefined;
    process.watch(() => {
      if (timer !== undefined) runtime.clock.clearTimeout(timer);
      resolve();
    });
  });
  return whenGone(process);
}

/** The exit reason, once the resources of the process are free. */
function whenGone(process: Process): ExitReason | Promise<ExitReason> {
  const reason = process.reason ?? KILLED;
  const gone = process.gone();
  return gone === undefined ? reason : gone.then(() => reason);
}

/** Kills children in whatever state they are. Settles when all their resources are free, where that takes time. */
export function killAll(children: Iterable<Child>): Promise<void> | undefined {
  const gone: Promise<void>[] = [];
  for (const child of children) {
    cancelRetry(child);
    child.incarnation?.kill();
    const released = child.incarnation?.gone();
    if (released !== undefined) gone.push(released);
  }
  return gone.length === 0 ? undefined : Promise.all(gone).then(() => undefined);
}
