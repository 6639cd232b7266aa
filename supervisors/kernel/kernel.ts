import { AsyncLocalStorage } from 'node:async_hooks';
import { ServiceError } from '#src/errors.ts';
import type { Clock } from '#src/ports/clock.ts';
import { systemClock } from '#src/ports/clock.ts';
import type { ResolvedSpec } from './child-spec.ts';
import { endChild } from './end-child.ts';
import type { ExitReason } from './exit-reason.ts';
import { NOPROC, SHUTDOWN } from './exit-reason.ts';
import type { Child } from './child.ts';
import { createChild, infoOf } from './child.ts';
import type { ProcessInfo } from './process-info.ts';
import type { AnyEvent, Asked, Pid, StartFunction, Watcher } from './process.ts';
import { Process } from './process.ts';
import { Registry } from './registry.ts';
import type { Report, ReportListener } from './report.ts';
import { RunQueue } from './run-queue.ts';
import type { Runtime } from './runtime.ts';
import { startChild } from './start-child.ts';
import type { StrayOrigin } from './stray-failures.ts';
import { currentProcess, guardStrayFailures } from './stray-failures.ts';
import type { DynamicSupervisorApi, SupervisorApi } from './supervisor-api.ts';

export interface AskOptions {
  /** @defaultValue 5000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface KernelOptions {
  readonly clock?: Clock;
  /** A failure that no actor can be charged with. @defaultValue ends the tree */
  readonly onOrphanFailure?: (error: unknown, origin: StrayOrigin) => void;
}

/** The root of a tree: its name, and the start function of its supervisor. */
export interface Root {
  readonly name: string;
  readonly start: StartFunction;
}

const DEFAULT_ASK_TIMEOUT_MS = 5000;
/** A full mailbox of 10 000 events is worked off in far less. */
const MAILBOX_RETRY_AFTER_MS = 100;

/** Runs one supervision tree: its names, its messages, its reports. */
export class Kernel implements Runtime {
  readonly clock: Clock;
  readonly registry = new Registry();
  readonly #queue = new RunQueue((process, event) => this.#deliver(process, event));
  readonly #listeners = new Set<ReportListener>();
  readonly #stopGuard: () => void;
  #lastPid = 0;
  #root: Child | undefined;
  #booting: unknown;

  constructor(options: KernelOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.#stopGuard = guardStrayFailures(this, options.onOrphanFailure ?? (() => void this.stop()));
  }

  /** Starts the tree. Rejects with what the first child that did not start has thrown (`cause` of `FailedToStartChild`). */
  async boot(root: Root, onExit: (reason: ExitReason) => void = () => undefined): Promise<void> {
    if (this.#root !== undefined) throw new TypeError('a kernel boots one tree');
    const child = createChild({ id: root.name, name: root.name, type: 'supervisor', start: root.start });
    const starting = startChild(this, child, (process) => onExit(process.reason ?? SHUTDOWN));
    this.#root = child;
    this.#booting = starting;
    const started = await starting;
    if (started.kind === 'failed') this.#stopGuard();
    if (started.kind === 'failed') throw started.reason;
    if (started.kind === 'started') child.process = started.process;
  }

  /** Ends the tree in reverse start order, once it has started, and answers with the exit reason of its root. */
  async stop(): Promise<ExitReason> {
    await this.#booting;
    const process = this.#root?.process;
    const reason = process === undefined ? NOPROC : await endChild(this, process);
    this.#stopGuard();
    return reason;
  }

  /** Sends an event; false when nobody runs under that name or its mailbox is full. */
  send(name: string, event: AnyEvent): boolean {
    const process = this.registry.find(name);
    if (process === undefined) return false;
    if (process.isFull()) return this.#refuse(name);
    this.#queue.push(process, event);
    return true;
  }

  /**
   * Sends an event with `reply` and `fail` and waits for one of them. Rejects with what was given to `fail`, or at once
   * with ACTOR_DOWN when the callee is not there or dies, OVERLOADED when its mailbox is full, ASK_TIMEOUT, or the
   * reason of `signal`.
   */
  ask<Value>(name: string, event: AnyEvent, options: AskOptions = {}): Promise<Value> {
    const process = this.registry.find(name);
    if (process === undefined) return Promise.reject(actorDown(name, 'noproc'));
    if (process.isFull()) {
      this.#refuse(name);
      return Promise.reject(new ServiceError('OVERLOADED', `the mailbox of ${name} is full`, { retryAfterMs: MAILBOX_RETRY_AFTER_MS }));
    }
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error);
    return new Promise((resolve, reject) => this.#ask(process, event, options, { reply: resolve, fail: reject }));
  }

  #ask<Value>(process: Process, event: AnyEvent, options: AskOptions, asked: Asked<Value>): void {
    const { timeoutMs = DEFAULT_ASK_TIMEOUT_MS, signal } = options;
    const { clock } = this;
    const stop = (): void => {
      clock.clearTimeout(timer);
      process.unwatch(onExit);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown): void => {
      stop();
      asked.fail(error);
    };
    const reply = (value: Value): void => {
      stop();
      asked.reply(value);
    };
    const name = process.name ?? process.id;
    const onExit: Watcher = (reason) => fail(actorDown(name, reason.kind));
    const onAbort = (): void => fail(signal?.reason);
    const timer = clock.setTimeout(() => fail(new ServiceError('ASK_TIMEOUT', `${name} did not answer ${event.type} within ${timeoutMs}ms`)), timeoutMs);
    process.watch(onExit);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#queue.push(process, { ...event, reply, fail } as AnyEvent);
  }

  /** Calls once when the process of that name ends, soon with `noproc` when there is none. Returns how to stop watching. */
  monitor(name: string, watcher: Watcher): () => void {
    const watch = AsyncLocalStorage.bind(watcher);
    const process = this.registry.find(name);
    if (process === undefined) {
      let isWatching = true;
      queueMicrotask(() => isWatching && watch(NOPROC));
      return () => void (isWatching = false);
    }
    process.watch(watch);
    return () => process.unwatch(watch);
  }

  whereis(name: string): Pid | undefined {
    return this.registry.find(name)?.pid;
  }

  /** Resolves as soon as a process runs under that name; rejects with ACTOR_DOWN after `timeoutMs`. */
  whenUp(name: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.registry.find(name) !== undefined) return Promise.resolve();
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.clock.clearTimeout(timer);
        stopWaiting();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => finish(() => reject(signal?.reason as Error));
      const timer = this.clock.setTimeout(() => finish(() => reject(actorDown(name, `not up within ${timeoutMs}ms`))), timeoutMs);
      const stopWaiting = this.registry.onUp(name, () => finish(resolve));
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The table of a running process, undefined when there is none. Use it at once: it dies with its owner. */
  table<Table>(name: string): Table | undefined {
    return this.registry.find(name)?.handle?.table as Table | undefined;
  }

  /** Throws ACTOR_DOWN when no supervisor runs under that name. */
  supervisor(name: string): SupervisorApi {
    return this.#supervisor<SupervisorApi>(name);
  }

  /** Throws ACTOR_DOWN when no supervisor runs under that name. */
  dynamicSupervisor(name: string): DynamicSupervisorApi {
    return this.#supervisor<DynamicSupervisorApi>(name);
  }

  #supervisor<Api>(name: string): Api {
    const process = this.registry.find(name);
    if (process?.handle?.strategy === undefined) throw actorDown(name, 'noproc');
    return process.handle.table as Api;
  }

  /** Kills the process of that name, as an operator would; its supervisor decides what follows. */
  kill(name: string): boolean {
    const process = this.registry.find(name);
    process?.kill();
    return process !== undefined;
  }

  /** The live tree, undefined before `boot`. */
  tree(): ProcessInfo | undefined {
    return this.#root === undefined ? undefined : infoOf(this.#root);
  }

  /** What a listener fails at later is charged to the one who put it here, not to the child of the report. */
  onReport(listener: ReportListener): () => void {
    const bound = AsyncLocalStorage.bind(listener);
    this.#listeners.add(bound);
    return () => void this.#listeners.delete(bound);
  }

  #refuse(name: string): false {
    this.report({ type: 'overloaded', name });
    return false;
  }

  #deliver(process: Process, event: AnyEvent): void {
    try {
      currentProcess.run(process, deliver, process, event);
    } catch (error) {
      process.fail(error);
    }
  }

  createProcess(spec: ResolvedSpec): Process {
    this.#lastPid += 1;
    return new Process(this.#lastPid, spec, this);
  }

  running(process: Process): void {
    process.status = 'running';
    process.runningSinceMs = this.clock.now();
    this.registry.announce(process);
  }

  exited(process: Process): void {
    this.registry.release(process);
  }

  callbackFailed(error: unknown): void {
    this.report({ type: 'stray', origin: 'uncaughtException', error, owner: undefined });
  }

  runAs<T>(process: Process, run: () => T): T {
    return currentProcess.run(process, run);
  }

  report(report: Report): void {
    for (const listener of this.#listeners) {
      try {
        listener(report);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error), 'BanyanReportListener');
      }
    }
  }
}

function deliver(process: Process, event: AnyEvent): void {
  process.handle?.send(event);
}

function actorDown(name: string, why: string): ServiceError {
  return new ServiceError('ACTOR_DOWN', `${name} is down: ${why}`);
}
