import type { Clock } from '#src/ports/clock.ts';
import { backoffDelayMs } from './backoff.ts';
import type { ResolvedSpec } from './child-spec.ts';
import { resolveSpec } from './child-spec.ts';
import type { ChildSpec } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import type { ProcessInfo } from './process-info.ts';
import type { Pid, Process } from './process.ts';
import type { Offender } from './report.ts';
import { offender } from './report.ts';
import type { Started } from './start-child.ts';
import { NameTaken } from './start-child.ts';
import type { ChildCounts, ChildStatus, StartChildResult } from './supervisor-api.ts';
import { refused } from './supervisor-api.ts';

export interface Retry {
  cancel(): void;
}

/** What a supervisor keeps of one child across its incarnations. */
export interface Child {
  readonly spec: ResolvedSpec;
  /** The incarnation that runs. Cleared before it is ended, so that its late exit is recognised as stale. */
  process: Process | undefined;
  /** The last incarnation, from the first moment of its start: what has to be killed, also while it starts or ends. */
  incarnation: Process | undefined;
  /** The restart that waits to be tried; another object each time, so that a cancelled one does nothing. */
  retry: Retry | undefined;
  /** Settles when the child that is being ended for good has ended. */
  ending: Promise<ExitReason | undefined> | undefined;
  /** When the last incarnation ended, in the clock's milliseconds; undefined when a restart is not what comes next. */
  downSinceMs: number | undefined;
  restarts: number;
  /** Restarts in a row, for the back-off. */
  attempts: number;
}

export function createChild(spec: ChildSpec): Child {
  return {
    spec: resolveSpec(spec),
    process: undefined,
    incarnation: undefined,
    retry: undefined,
    ending: undefined,
    downSinceMs: undefined,
    restarts: 0,
    attempts: 0,
  };
}

export function pidOf(child: Child): Pid | 'restarting' | undefined {
  if (child.retry !== undefined) return 'restarting';
  return child.process?.pid;
}

export function offenderOf(child: Child, process = child.process): Offender {
  return offender(child.spec, process?.pid);
}

export function statusOf(child: Child): ChildStatus {
  return { id: child.spec.id, pid: pidOf(child), type: child.spec.type };
}

export function countChildren(children: readonly Child[]): ChildCounts {
  const supervisors = children.filter((child) => child.spec.type === 'supervisor').length;
  const active = children.filter((child) => child.process?.status === 'running').length;
  return { specs: children.length, active, supervisors, workers: children.length - supervisors };
}

export function infoOf(child: Child): ProcessInfo {
  const { spec, process } = child;
  return {
    id: spec.id,
    name: spec.name,
    pid: pidOf(child),
    type: spec.type,
    ...processInfo(process),
    status: child.retry === undefined ? statusWord(process) : 'restarting',
    restarts: child.restarts,
    startedAt: process?.startedAt,
    mailbox: process?.mailbox ?? 0,
    children: process?.handle?.children?.() ?? [],
  };
}

function processInfo(process: Process | undefined): Partial<Pick<ProcessInfo, 'state' | 'strategy'>> {
  const state = process?.handle?.state?.();
  const strategy = process?.handle?.strategy;
  return { ...(state === undefined ? {} : { state }), ...(strategy === undefined ? {} : { strategy }) };
}

function statusWord(process: Process | undefined): ProcessInfo['status'] {
  if (process === undefined || process.status === 'exited') return 'stopped';
  return process.status;
}

/** Counts a restart and gives how long to wait before it: 0 without a back-off. */
export function nextDelayMs(child: Child): number {
  const { backoff } = child.spec;
  if (backoff === undefined) return 0;
  child.attempts += 1;
  return backoffDelayMs(backoff, child.attempts);
}

/** Puts a restart off: by `delayMs`, or with 0 to the next turn of the event loop, so that calls are served in between. */
export function postpone(child: Child, clock: Clock, delayMs: number, run: () => void): Retry {
  const retry = delayMs === 0 ? nextTurn(run) : later(clock, delayMs, run);
  child.retry = retry;
  return retry;
}

function nextTurn(run: () => void): Retry {
  const immediate = setImmediate(run);
  return { cancel: () => clearImmediate(immediate) };
}

function later(clock: Clock, delayMs: number, run: () => void): Retry {
  const timer = clock.setTimeout(run, delayMs);
  return { cancel: () => clock.clearTimeout(timer) };
}

export function cancelRetry(child: Child): void {
  child.retry?.cancel();
  child.retry = undefined;
}

/** A child that ran longer than the longest wait has recovered: its next failure is a first one. */
export function forgetOldAttempts(child: Child, process: Process): void {
  const { backoff } = child.spec;
  if (backoff !== undefined && process.exitedAtMs - process.runningSinceMs > backoff.maxMs) child.attempts = 0;
}

/** What a supervisor answers to the one who asked it to start a child. */
export function toResult(child: Child, started: Started): StartChildResult {
  switch (started.kind) {
    case 'ignored':
      return { ok: true, pid: undefined };
    case 'started':
      return { ok: true, pid: started.process.pid, ...(started.info === undefined ? {} : { info: started.info }) };
    case 'failed':
      if (started.reason instanceof NameTaken) return refused({ tag: 'already_started', pid: started.reason.pid });
      return refused({ tag: 'start_failed', reason: started.reason, child: offenderOf(child) });
  }
}
