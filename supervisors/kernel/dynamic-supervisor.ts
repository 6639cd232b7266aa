import { ServiceError } from '#src/errors.ts';
import type { Child } from './child.ts';
import { countChildren, createChild, forgetOldAttempts, infoOf, nextDelayMs, offenderOf, toResult } from './child.ts';
import type { ChildSpec, SpecError } from './child-spec.ts';
import { checkChildSpec, isWholeFrom } from './child-spec.ts';
import { endChild } from './end-child.ts';
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
  readonly #starting = new Set<Promise<unknown>>();
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
    const running = this.#runningProcesses();
    for (const process of running) process.kill();
    const gone = running.flatMap((process) => process.gone() ?? []);
    return gone.length === 0 ? undefined : Promise.all(gone).then(() => undefined);
  }

  async startChild(spec: ChildSpec): Promise<StartChildResult> {
    this.#refuseIfOver();
    const fault = checkChildSpec(spec) ?? (spec.significant === true ? { tag: 'invalid_significant', value: true } : undefined);
    if (fault !== undefined) return refused(fault);
    if (this.#children.size + this.#starting.size >= this.#maxChildren) return refused({ tag: 'max_children' });
    const child = createChild(spec);
    return toResult(child, await this.#start(child));
  }

  async terminateChild(pid: Pid): Promise<Outcome> {
    this.#refuseIfOver();
    const child = this.#children.get(pid);
    if (child === undefined) return refused({ tag: 'not_found' });
    const { process } = child;
    const reason = await this.#endOne(child);
    this.#children.delete(pid);
    if (reason !== undefined && this.#isShutdownError(child, reason)) this.#report('shutdown_error', offenderOf(child, process), reason);
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
    if (this.#isOver) throw new ServiceError('ACTOR_DOWN', `supervisor ${this.#name} is not running: noproc`);
  }

  #runningProcesses(): Process[] {
    return [...this.#children.values()].flatMap((child) => child.process ?? []);
  }

  #start(child: Child): Started | Promise<Started> {
    const starting = startChild(this.#runtime, child.spec, (process) => queueMicrotask(() => this.#handleExit(child, process)));
    if (!(starting instanceof Promise)) return this.#started(child, starting);
    const settled = starting.then((started) => {
      this.#starting.delete(settled);
      return this.#started(child, started);
    });
    this.#starting.add(settled);
    return settled;
  }

  #started(child: Child, started: Started): Started {
    if (started.kind === 'failed') this.#report('start_error', offenderOf(child), crashed(started.reason));
    if (started.kind !== 'started') return started;
    if (this.#isOver) {
      started.process.kill();
      return { kind: 'failed', reason: SHUTDOWN };
    }
    child.process = started.process;
    this.#children.set(started.process.pid, child);
    this.#runtime.report({ type: 'progress', supervisor: this.#name, child: offenderOf(child) });
    return started;
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
    if (delayMs === 0) void this.#restartNow(child, oldPid);
    else this.#later(child, (run) => this.#runtime.clock.setTimeout(run, delayMs), () => void this.#restartNow(child, oldPid));
  }

  async #restartNow(child: Child, oldPid: Pid): Promise<void> {
    const retry = (child.retry = {});
    const starting = this.#start(child);
    const started = starting instanceof Promise ? await starting : starting;
    if (this.#isOver) return;
    if (child.retry !== retry) return this.#dropLate(started);
    if (started.kind === 'failed') return this.#tryAgain(child, oldPid, crashed(started.reason));
    child.retry = undefined;
    this.#children.delete(oldPid);
    if (started.kind === 'started') this.#reportRestart(child);
  }

  /** The child was terminated while it was being restarted. */
  #dropLate(started: Started): void {
    if (started.kind !== 'started') return;
    this.#children.delete(started.process.pid);
    started.process.kill();
  }

  #tryAgain(child: Child, oldPid: Pid, reason: ExitReason): void {
    this.#later(child, (run) => setImmediate(run), () => this.#restart(child, oldPid, reason));
  }

  #later(child: Child, schedule: (run: () => void) => void, work: () => void): void {
    const retry = {};
    child.retry = retry;
    schedule(() => {
      if (this.#isOver || child.retry !== retry) return;
      work();
    });
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
    await Promise.all(this.#starting);
    const children = [...this.#children.values()];
    const reasons = await Promise.all(children.map((child) => this.#endOne(child)));
    this.#children.clear();
    this.#reportShutdownErrors(children, reasons);
    this.#context.exit(SHUTDOWN);
  }

  async #endOne(child: Child): Promise<ExitReason | undefined> {
    const { process } = child;
    child.retry = undefined;
    if (process === undefined) return undefined;
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
