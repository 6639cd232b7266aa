import type { Runtime } from './runtime.ts';
import type { Child } from './child.ts';
import type { Handle, Process, StartResult, Watcher } from './process.ts';
import { IGNORE } from './process.ts';

/** What became of a start. `failed` carries what was thrown, or what came instead of a handle. */
export type Started =
  | { readonly kind: 'started'; readonly process: Process; readonly info: unknown }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'failed'; readonly reason: unknown };

const IGNORED: Started = { kind: 'ignored' };

/** A start that did not end in time. */
export class StartTimeout extends Error {
  override readonly name = 'StartTimeout';
}

/** The name of the child belongs to a process that lives. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
  readonly pid: number;

  constructor(name: string, pid: number) {
    super(`${name} is already registered by process ${pid}`);
    this.pid = pid;
  }
}

/**
 * Starts one incarnation of a child; answers at once when its start function does. A failed start answers when nothing
 * is left of it. Never throws or rejects.
 */
export function startChild(runtime: Runtime, child: Child, onGone: (process: Process) => void): Started | Promise<Started> {
  const { spec } = child;
  const process = runtime.createProcess(spec);
  const holder = spec.name === undefined ? undefined : runtime.registry.reserve(spec.name, process);
  if (holder !== undefined) return { kind: 'failed', reason: new NameTaken(holder.name ?? '', holder.pid) };
  child.incarnation = process;
  let result: StartResult | Promise<StartResult>;
  try {
    result = runtime.runAs(process, () => spec.start(process));
  } catch (error) {
    return failed(process, error);
  }
  return result instanceof Promise ? awaitStart(runtime, process, result, onGone) : settle(runtime, process, result, onGone);
}

function awaitStart(
  runtime: Runtime,
  process: Process,
  starting: Promise<StartResult>,
  onGone: (process: Process) => void,
): Promise<Started> {
  return new Promise((resolve) => {
    const limit = process.spec.startTimeoutMs;
    const timer = limit === 'infinity' ? undefined : runtime.clock.setTimeout(() => finish(timedOut(process, limit)), limit);
    const finish = (outcome: Started | Promise<Started>): void => {
      if (timer !== undefined) runtime.clock.clearTimeout(timer);
      resolve(outcome);
    };
    const onExit: Watcher = (reason) => {
      if (reason.kind !== 'normal') finish(failedByExit(process));
    };
    if (process.reason === undefined) process.watch(onExit);
    else onExit(process.reason);
    starting.then(
      (result) => finish(settle(runtime, process, result, onGone)),
      (error: unknown) => finish(failed(process, error)),
    );
  });
}

function timedOut(process: Process, limitMs: number): Started | Promise<Started> {
  return failed(process, new StartTimeout(`${process.name ?? process.id} did not start within ${limitMs}ms`));
}

function settle(runtime: Runtime, process: Process, result: StartResult, onGone: (process: Process) => void): Started | Promise<Started> {
  if (result === IGNORE) {
    process.exit({ kind: 'normal' });
    return IGNORED;
  }
  const { handle, info } = unwrap(result);
  if (handle === undefined) return failed(process, result);
  if (process.status === 'exited' && process.reason?.kind !== 'normal') {
    process.endLate(handle);
    return failedByExit(process);
  }
  process.handle = handle;
  process.onGone = onGone;
  if (process.status === 'exited') queueMicrotask(() => onGone(process));
  else runtime.running(process);
  return { kind: 'started', process, info };
}

function unwrap(result: Exclude<StartResult, typeof IGNORE>): { handle: Handle | undefined; info: unknown } {
  const withInfo = result as { handle?: unknown; info?: unknown } | null | undefined;
  if (typeof withInfo !== 'object' || withInfo === null) return { handle: undefined, info: undefined };
  if (isHandle(withInfo)) return { handle: withInfo, info: undefined };
  return { handle: isHandle(withInfo.handle) ? withInfo.handle : undefined, info: withInfo.info };
}

function isHandle(value: unknown): value is Handle {
  if (typeof value !== 'object' || value === null) return false;
  const { send, shutdown, kill } = value as Partial<Handle>;
  return typeof send === 'function' && typeof shutdown === 'function' && typeof kill === 'function';
}

function failedByExit(process: Process): Started | Promise<Started> {
  const { reason } = process;
  return failed(process, reason?.kind === 'error' ? reason.error : reason);
}

function failed(process: Process, reason: unknown): Started | Promise<Started> {
  process.fail(reason);
  const outcome: Started = { kind: 'failed', reason };
  return process.gone()?.then(() => outcome) ?? outcome;
}
