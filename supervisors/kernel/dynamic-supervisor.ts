import { ServiceError } from '#src/errors.ts';
import type { Child, Retry } from './child.ts';
import { cancelRetry, countChildren, createChild, forgetOldAttempts, infoOf, nextDelayMs, offenderOf, postpone, toResult } from './child.ts';
import type { ChildSpec, SpecError } from './child-spec.ts';
import { checkChildSpec, isWholeFrom } from './child-spec.ts';
import { endChild, killAll } from './end-child.ts';
import type { ExitReason } from './exit-reason.ts';
import { crashed, describeReason, SHUTDOWN } from './exit-reason.ts';
import type { ProcessInfo } from './process-info.ts';
import type { Handle, Pid, Process, StartContext, StartFunction } from './process.ts';
import type { Offender, Report } from './report.ts';
import { RestartIntensity } from './restart-intensity.ts';
import { isDynamicShutdownError, isTerminationReported, shouldRestart } from './restart-policy.ts';
import type { Runtime } from './runtime.ts';
import type { Started } from './start-child.ts';
import { startChild } from './start-child.ts';
import { InvalidSupervisor, MaxRestartIntensity } from './supervisor-failure.ts';
import type { ChildCounts, ChildStatus, DynamicSupervisorApi, Outcome, StartChildResult } from './supervisor-api.ts';
import { refused } from './supervisor-api.ts';
import type { RestartBudget } from './supervisor-flags.ts';
import { checkBudget, DEFAULT_DYNAMIC_INTENSITY, DEFAULT_PERIOD_MS } from './supervisor-flags.ts';

export interface DynamicSupervisorOptions extends RestartBudget {
  /** Children that start, run or wait for a restart. @defaultValue infinity */
  readonly maxChildren?: number | 'infinity';
}

/** Start function of a supervisor whose children come and go; always one_for_one (Elixir's DynamicSupervisor). */
export function dynamicSupervisor(options: DynamicSupervisorOptions = {}): StartFunction {
  return (context) => {
    const fault = checkOptions(options);
    if (fault !== undefined) throw new InvalidSupervisor('supervisor_data', fault);
    return new DynamicSupervisor(context, options);
  };
}

function checkOptions(options: DynamicSupervisorOptions): SpecError | undefined {
  const { maxChildren } = options;
  if (maxChildren !== undefined && maxChildren !== 'infinity' && !isWholeFrom(0, maxChildren)) {
    return { tag: 'invalid_max_children', value: maxChildren };
  }
  const loose: { strategy?: unknown; autoShutdown?: unknown } = options as object;
  if (loose.strategy !== undefined && loose.strategy !== 'one_for_one') return { tag: 'invalid_strategy', value: loose.strategy };
  if (loose.autoShutdown !== undefined && loose.autoShutdown !== 'never') return { tag: 'invalid_auto_shutdown', value: loose.autoShutdown };
  return checkBudget(options);
}

/** Stands for a restart that is on its way. */
const RESTARTING: Retry = { cancel: () => undefined };

/** Every child goes its own way: none waits for the start, the restart or the end of another. */
export class DynamicSupervisor implements Handle, DynamicSupervisorApi {
  readonly strategy = 'dynamic';
  readonly #context: StartContext;
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #maxChildren: number;
  readonly #intensity: RestartIntensity;
  /** Under the pid of their last incarnation, also while they wait for a restart or end. */
  readonly #children = new Map<Pid, Child>();
  /** Children whose first start has not ended. */
  readonly #starting = new Set<Child>();
  #isOver = false;

  constructor(context: StartContext, options: DynamicSupervisorOptions) {
    this.#context = context;
    this.#runtime = context.runtime;
    this.#name = context.name ?? context.id;
    const { maxChildren = 'infinity', intensity = DEFAULT_DYNAMIC_INTENSITY, periodMs = DEFAULT_PERIOD_MS } = options;
    this.#maxChildren = maxChildren === 'infinity' ? Infinity : maxChildren;
    this.#intensity = new RestartIntensity(intensity, periodMs);
  }

  get table(): this {
    return this;
  }

  send(): void {
    // a supervisor takes no messages
  }

  children(): readonly ProcessInfo[] {
    return [...this.#children.values()].map(infoOf);
  }

  shutdown(): void {
    void this.#end();
  }

  kill(): Promise<void> | undefined {
    this.#isOver = true;
    return killAll([...this.#children.values(), ...this.#starting]);
  }

  async startChild(spec: ChildSpec): Promise<StartChildResult> {
    this.#refuseIfOver();
    const fault = checkChildSpec(spec) ?? (spec.significant === true ? { tag: 'invalid_significant', value: true } : undefined);
    if (fault !== undefined) return refused(fault);
    if (this.#children.size + this.#starting.size >= this.#maxChildren) return refused({ tag: 'max_children' });
    const child = createChild(spec);
    this.#starting.add(child);
    return toResult(child, await this.#start(child, (started) => this.#onStarted(child, started)));
  }

  async terminateChild(pid: Pid): Promise<Outcome> {
    this.#refuseIfOver();
    const child = this.#children.get(pid);
    if (child === undefined) return refused({ tag: 'not_found' });
    const { process, ending } = child;
    const reason = await this.#endOne(child);
    this.#children.delete(pid);
    if (ending === undefined && reason !== undefined && this.#isShutdownError(child, reason)) {
      this.#report('shutdown_error', offenderOf(child, process), reason);
    }
    return { ok: true };
  }

  async whichChildren(): Promise<readonly ChildStatus[]> {
    this.#refuseIfOver();
    return [...this.#children].map(([pid, { spec, retry }]) => ({ id: spec.id, pid: retry === undefined ? pid : 'restarting', type: spec.type }));
  }

  async countChildren(): Promise<ChildCounts> {
    this.#refuseIfOver();
    return countChildren([...this.#children.values()]);
  }

  #refuseIfOver(): void {
    if (this.#isOver) throw this.#noproc();
  }

  #noproc(): ServiceError {
    return new ServiceError('ACTOR_DOWN', `supervisor ${this.#name} is not running: noproc`);
  }

  /** Calls `then` in the same turn in which the start ends, so that an exit that follows at once finds the child in its place. */
  #start(child: Child, then: (started: Started) => Started): Started | Promise<Started> {
    const starting = startChild(this.#runtime, child, (process) => queueMicrotask(() => this.#handleExit(child, process)));
    return starting instanceof Promise ? starting.then(then) : then(starting);
  }

  #onStarted(child: Child, started: Started): Started {
    this.#starting.delete(child);
    if (this.#isOver) return this.#refuseLate(child);
    this.#adopt(child, started);
    return started;
  }

  /** The supervisor is over, or the child was terminated, while it started. */
  #refuseLate(child: Child): Started {
    child.incarnation?.kill();
    return { kind: 'failed', reason: this.#noproc() };
  }

  #adopt(child: Child, started: Started): void {
    if (started.kind === 'failed') this.#report('start_error', offenderOf(child), crashed(started.reason));
    if (started.kind !== 'started') return;
    child.process = started.process;
    this.#children.set(started.process.pid, child);
    this.#runtime.report({ type: 'progress', supervisor: this.#name, child: offenderOf(child) });
  }

  #handleExit(child: Child, process: Process): void {
    if (this.#isOver || child.process !== process || process.reason === undefined) return;
    const { reason } = process;
    child.process = undefined;
    child.downSinceMs = process.exitedAtMs;
    forgetOldAttempts(child, process);
    const offender = offenderOf(child, process);
    this.#runtime.report({ type: 'exit', supervisor: this.#name, child: offender, reason });
    if (isTerminationReported(child.spec.restart, reason)) this.#report('child_terminated', offender, reason);
    if (shouldRestart(child.spec.restart, reason)) this.#restart(child, process.pid, reason);
    else this.#children.delete(process.pid);
  }

  #restart(child: Child, oldPid: Pid, reason: ExitReason): void {
    if (!this.#intensity.allows(this.#runtime.clock.now())) return this.#giveUp(child, reason);
    const delayMs = nextDelayMs(child);
    if (delayMs === 0) return this.#restartNow(child, oldPid);
    postpone(child, this.#runtime.clock, delayMs, () => this.#restartNow(child, oldPid));
  }

  #restartNow(child: Child, oldPid: Pid): void {
    child.retry = RESTARTING;
    void this.#start(child, (started) => this.#onRestarted(child, oldPid, started));
  }

  #onRestarted(child: Child, oldPid: Pid, started: Started): Started {
    if (this.#isOver || child.ending !== undefined) return this.#refuseLate(child);
    this.#adopt(child, started);
    if (started.kind === 'failed') {
      postpone(child, this.#runtime.clock, 0, () => this.#restart(child, oldPid, crashed(started.reason)));
      return started;
    }
    child.retry = undefined;
    this.#children.delete(oldPid);
    if (started.kind === 'started') this.#reportRestart(child);
    return started;
  }

  #reportRestart(child: Child): void {
    const downMs = this.#runtime.clock.now() - (child.downSinceMs ?? 0);
    child.downSinceMs = undefined;
    child.restarts += 1;
    const { restarts } = child;
    this.#runtime.report({ type: 'restart', supervisor: this.#name, child: offenderOf(child), restarts, downMs });
  }

  #giveUp(child: Child, reason: ExitReason): void {
    this.#report('shutdown', offenderOf(child), crashed(new MaxRestartIntensity(reason)));
    void this.#end();
  }

  /** Ends all children side by side, each with its own time; children that end alike share one report. */
  async #end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const starting = killAll(this.#starting);
    const children = [...this.#children.values()].filter((child) => child.ending === undefined);
    const reasons = await Promise.all(children.map((child) => this.#endOne(child)));
    await Promise.all([starting, ...[...this.#children.values()].map((child) => child.ending)]);
    this.#children.clear();
    this.#reportShutdownErrors(children, reasons);
    this.#context.exit(SHUTDOWN);
  }

  #endOne(child: Child): Promise<ExitReason | undefined> {
    child.ending ??= this.#endForGood(child);
    return child.ending;
  }

  /** Answers with the exit reason, undefined where it did not run. */
  async #endForGood(child: Child): Promise<ExitReason | undefined> {
    const { process } = child;
    cancelRetry(child);
    if (process === undefined) {
      await killAll([child]);
      return undefined;
    }
    child.process = undefined;
    const reason = await endChild(this.#runtime, process);
    this.#runtime.report({ type: 'exit', supervisor: this.#name, child: offenderOf(child, process), reason });
    return reason;
  }

  #reportShutdownErrors(children: readonly Child[], reasons: readonly (ExitReason | undefined)[]): void {
    const alike = new Map<string, { offender: Offender; reason: ExitReason; count: number }>();
    children.forEach((child, index) => {
      const reason = reasons[index];
      if (reason === undefined || !this.#isShutdownError(child, reason)) return;
      const key = describeReason(reason);
      const seen = alike.get(key) ?? { offender: offenderOf(child), reason, count: 0 };
      alike.set(key, { ...seen, count: seen.count + 1 });
    });
    for (const { offender, reason, count } of alike.values()) {
      this.#report('shutdown_error', { ...offender, name: undefined, childCount: count }, reason);
    }
  }

  #isShutdownError(child: Child, reason: ExitReason): boolean {
    return isDynamicShutdownError(child.spec.restart, child.spec.shutdown, reason);
  }

  #report(context: Extract<Report, { type: 'supervisor' }>['context'], offender: Offender, reason: ExitReason): void {
    this.#runtime.report({ type: 'supervisor', supervisor: this.#name, context, reason, offender });
  }
}
