import { ServiceError } from '#src/errors.ts';
import type { Child } from './child.ts';
import { cancelRetry, countChildren, createChild, forgetOldAttempts, infoOf, nextDelayMs, offenderOf, postpone, statusOf, toResult } from './child.ts';
import type { AutoShutdown, ChildSpec } from './child-spec.ts';
import { checkChildSpec, checkChildSpecs } from './child-spec.ts';
import { CommandQueue } from './command-queue.ts';
import { endChild, killAll } from './end-child.ts';
import type { ExitReason } from './exit-reason.ts';
import { crashed, SHUTDOWN } from './exit-reason.ts';
import type { ProcessInfo } from './process-info.ts';
import type { Handle, Process, StartContext, StartFunction } from './process.ts';
import { IGNORE } from './process.ts';
import type { Report } from './report.ts';
import { RestartIntensity } from './restart-intensity.ts';
import { isShutdownError, isTerminationReported, shouldRestart } from './restart-policy.ts';
import type { Runtime } from './runtime.ts';
import type { Started } from './start-child.ts';
import { startChild } from './start-child.ts';
import type { ChildCounts, ChildStatus, Outcome, StartChildResult, SupervisorApi } from './supervisor-api.ts';
import { refused } from './supervisor-api.ts';
import { FailedToStartChild, InvalidSupervisor, MaxRestartIntensity } from './supervisor-failure.ts';
import type { Strategy, SupervisorFlags } from './supervisor-flags.ts';
import { checkFlags, DEFAULT_INTENSITY, DEFAULT_PERIOD_MS } from './supervisor-flags.ts';

export interface SupervisorDefinition extends SupervisorFlags {
  /** In start order; ended in reverse. */
  readonly children: readonly ChildSpec[];
}

/** Start function of a static supervisor. The definition may be made at each start, and may decline. */
export function supervisor(definition: SupervisorDefinition | (() => SupervisorDefinition | typeof IGNORE)): StartFunction {
  return (context) => {
    const given: unknown = typeof definition === 'function' ? definition() : definition;
    if (given === IGNORE) return IGNORE;
    return new Supervisor(context, checkDefinition(given)).start();
  };
}

function checkDefinition(given: unknown): SupervisorDefinition {
  if (typeof given !== 'object' || given === null || !Array.isArray((given as { children?: unknown }).children)) {
    throw new InvalidSupervisor('bad_return', { tag: 'bad_return', value: given });
  }
  const definition = given as SupervisorDefinition;
  const flagFault = checkFlags(definition);
  if (flagFault !== undefined) throw new InvalidSupervisor('supervisor_data', flagFault);
  const specFault = checkChildSpecs(definition.children, definition.autoShutdown ?? 'never');
  if (specFault !== undefined) throw new InvalidSupervisor('start_spec', specFault);
  return definition;
}

/** OTP's supervisor over a fixed order of children. All its work runs in one queue. */
export class Supervisor implements Handle, SupervisorApi {
  readonly strategy: Strategy;
  readonly #context: StartContext;
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #autoShutdown: AutoShutdown;
  readonly #intensity: RestartIntensity;
  readonly #commands = new CommandQueue();
  #children: Child[];
  #isOver = false;

  constructor(context: StartContext, definition: SupervisorDefinition) {
    this.#context = context;
    this.#runtime = context.runtime;
    this.#name = context.name ?? context.id;
    this.strategy = definition.strategy ?? 'one_for_one';
    this.#autoShutdown = definition.autoShutdown ?? 'never';
    this.#intensity = new RestartIntensity(definition.intensity ?? DEFAULT_INTENSITY, definition.periodMs ?? DEFAULT_PERIOD_MS);
    this.#children = definition.children.map(createChild);
  }

  get table(): this {
    return this;
  }

  /** Starts the children in order; where one fails, those before it are ended in reverse and the start rejects. */
  start(): Promise<this> {
    this.#context.own(this);
    return this.#commands.put(() => this.#startAll());
  }

  async #startAll(): Promise<this> {
    for (const child of this.#children) {
      const started = await this.#start(child);
      if (started.kind === 'failed') {
        await this.#endInReverse(this.#children);
        throw new FailedToStartChild(child.spec.id, started.reason);
      }
      if (started.kind === 'ignored' && child.spec.restart === 'temporary') this.#forget(child);
    }
    return this;
  }

  send(): void {
    // a supervisor takes no messages
  }

  children(): readonly ProcessInfo[] {
    return this.#children.map(infoOf);
  }

  shutdown(): void {
    void this.#commands.put(() => this.#end());
  }

  kill(): Promise<void> | undefined {
    this.#isOver = true;
    return killAll(this.#children);
  }

  startChild(spec: ChildSpec): Promise<StartChildResult> {
    return this.#call(async () => {
      const fault = checkChildSpec(spec, this.#autoShutdown);
      if (fault !== undefined) return refused(fault);
      const present = this.#find(spec.id);
      if (present?.process !== undefined) return refused({ tag: 'already_started', pid: present.process.pid });
      if (present !== undefined) return refused({ tag: 'already_present' });
      const child = createChild(spec);
      this.#children.push(child);
      const started = await this.#start(child);
      if (started.kind === 'failed' || (started.kind === 'ignored' && child.spec.restart === 'temporary')) this.#forget(child);
      return toResult(child, started);
    });
  }

  terminateChild(id: string): Promise<Outcome> {
    return this.#call(async () => {
      const child = this.#find(id);
      if (child === undefined) return refused({ tag: 'not_found' });
      await this.#endOne(child);
      child.downSinceMs = undefined;
      if (child.spec.restart === 'temporary') this.#forget(child);
      return { ok: true };
    });
  }

  restartChild(id: string): Promise<StartChildResult> {
    return this.#call(async () => {
      const child = this.#findStopped(id);
      if ('error' in child) return child;
      const started = await this.#start(child);
      return started.kind === 'failed' ? refused({ tag: 'start_failed', reason: started.reason }) : toResult(child, started);
    });
  }

  deleteChild(id: string): Promise<Outcome> {
    return this.#call(() => {
      const child = this.#findStopped(id);
      if ('error' in child) return child;
      this.#forget(child);
      return { ok: true };
    });
  }

  whichChildren(): Promise<readonly ChildStatus[]> {
    return this.#call(() => this.#children.map(statusOf).toReversed());
  }

  countChildren(): Promise<ChildCounts> {
    return this.#call(() => countChildren(this.#children));
  }

  getChildSpec(id: string): Promise<Child['spec'] | undefined> {
    return this.#call(() => this.#find(id)?.spec);
  }

  #call<T>(run: () => T | Promise<T>): Promise<T> {
    return this.#commands.put(() => {
      if (this.#isOver) throw this.#noproc();
      return run();
    });
  }

  #noproc(): ServiceError {
    return new ServiceError('ACTOR_DOWN', `supervisor ${this.#name} is not running: noproc`);
  }

  #find(id: string): Child | undefined {
    return this.#children.find((child) => child.spec.id === id);
  }

  #findStopped(id: string): Child | ReturnType<typeof refused> {
    const child = this.#find(id);
    if (child === undefined) return refused({ tag: 'not_found' });
    if (child.retry !== undefined) return refused({ tag: 'restarting' });
    return child.process === undefined ? child : refused({ tag: 'running' });
  }

  #forget(child: Child): void {
    this.#children = this.#children.filter((other) => other !== child);
  }

  async #start(child: Child): Promise<Started> {
    if (this.#isOver) return { kind: 'failed', reason: this.#noproc() };
    const started = await startChild(this.#runtime, child, (process) => this.#onGone(child, process));
    if (this.#isOver) {
      child.incarnation?.kill();
      return { kind: 'failed', reason: this.#noproc() };
    }
    if (started.kind === 'failed') this.#reportChild('start_error', child, crashed(started.reason));
    if (started.kind !== 'started') return started;
    child.process = started.process;
    this.#runtime.report({ type: 'progress', supervisor: this.#name, child: offenderOf(child) });
    this.#reportRestart(child);
    return started;
  }

  #reportRestart(child: Child): void {
    if (child.downSinceMs === undefined) return;
    const downMs = this.#runtime.clock.now() - child.downSinceMs;
    child.downSinceMs = undefined;
    child.restarts += 1;
    const { restarts } = child;
    this.#runtime.report({ type: 'restart', supervisor: this.#name, child: offenderOf(child), restarts, downMs });
  }

  #onGone(child: Child, process: Process): void {
    void this.#commands.put(() => this.#handleExit(child, process));
  }

  async #handleExit(child: Child, process: Process): Promise<void> {
    if (this.#isOver || child.process !== process || process.reason === undefined) return;
    const { reason } = process;
    this.#clear(child, process);
    forgetOldAttempts(child, process);
    if (isTerminationReported(child.spec.restart, reason)) this.#reportChild('child_terminated', child, reason, process);
    if (shouldRestart(child.spec.restart, reason)) return this.#restart(child, reason);
    if (child.spec.restart === 'temporary') this.#forget(child);
    if (this.#endsWith(child)) await this.#end();
  }

  #clear(child: Child, process: Process): void {
    child.process = undefined;
    child.downSinceMs = process.exitedAtMs;
    const reason = process.reason ?? SHUTDOWN;
    this.#runtime.report({ type: 'exit', supervisor: this.#name, child: offenderOf(child, process), reason });
  }

  /** Whether the supervisor ends because this child ended by itself (otp.md 2.9). */
  #endsWith(child: Child): boolean {
    if (!child.spec.significant || this.#autoShutdown === 'never') return false;
    if (this.#autoShutdown === 'any_significant') return true;
    return !this.#children.some((other) => other.spec.significant && (other.process ?? other.retry) !== undefined);
  }

  async #restart(child: Child, reason: ExitReason): Promise<void> {
    if (!this.#intensity.allows(this.#runtime.clock.now())) return this.#giveUp(child, reason);
    const delayMs = nextDelayMs(child);
    if (delayMs === 0) return this.#applyStrategy(child);
    this.#later(child, delayMs, () => this.#applyStrategy(child));
  }

  async #applyStrategy(child: Child): Promise<void> {
    const group = this.#groupOf(child);
    await this.#endInReverse(group);
    const lost = new Set(group.filter((member) => member.spec.restart === 'temporary'));
    this.#children = this.#children.filter((member) => !lost.has(member));
    for (const member of group.filter((each) => !lost.has(each))) {
      const started = await this.#start(member);
      if (this.#isOver) return;
      if (started.kind === 'failed') return this.#tryAgain(member, crashed(started.reason));
    }
  }

  #groupOf(child: Child): Child[] {
    switch (this.strategy) {
      case 'one_for_one':
        return [child];
      case 'rest_for_one':
        return this.#children.slice(this.#children.indexOf(child));
      case 'one_for_all':
        return [...this.#children];
    }
  }

  /** Goes back to the queue first, so that calls and a shutdown are served between two tries. */
  #tryAgain(child: Child, reason: ExitReason): void {
    this.#later(child, 0, () => this.#restart(child, reason));
  }

  #later(child: Child, delayMs: number, work: () => Promise<void>): void {
    const retry = postpone(child, this.#runtime.clock, delayMs, () => {
      void this.#commands.put(() => {
        if (this.#isOver || child.retry !== retry) return;
        child.retry = undefined;
        return work();
      });
    });
  }

  async #giveUp(child: Child, reason: ExitReason): Promise<void> {
    this.#reportChild('shutdown', child, crashed(new MaxRestartIntensity(reason)));
    await this.#end();
  }

  async #end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#endInReverse(this.#children);
    this.#context.exit(SHUTDOWN);
  }

  async #endInReverse(children: readonly Child[]): Promise<void> {
    for (const child of children.toReversed()) await this.#endOne(child);
  }

  async #endOne(child: Child): Promise<void> {
    const { process } = child;
    cancelRetry(child);
    if (process === undefined) return;
    child.process = undefined;
    const reason = await endChild(this.#runtime, process);
    this.#clear(child, process);
    const { restart, shutdown } = child.spec;
    if (isShutdownError(restart, shutdown, reason)) this.#reportChild('shutdown_error', child, reason, process);
  }

  #reportChild(context: Extract<Report, { type: 'supervisor' }>['context'], child: Child, reason: ExitReason, process = child.process): void {
    this.#runtime.report({ type: 'supervisor', supervisor: this.#name, context, reason, offender: offenderOf(child, process) });
  }
}
