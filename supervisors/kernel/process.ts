import type { ResolvedSpec } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import { crashed, KILLED } from './exit-reason.ts';
import type { ProcessInfo } from './process-info.ts';
import type { Runtime } from './runtime.ts';

/** Names one incarnation of a child; never given twice. */
export type Pid = number;

/** Anything with a type can be sent. */
export interface AnyEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What an asked event carries besides its own fields. The first call wins, later ones do nothing. */
export interface Asked<Value = unknown> {
  reply(value: Value): void;
  fail(error: unknown): void;
}

/** A running child, whatever it is made of. Its end is told by `context.exit`, never by an exception. */
export interface Handle {
  /** Takes one event. An exception is a crash of this child. */
  send(event: AnyEvent): void;
  /** Asks the child to end; it answers with `context.exit`, at once or later. */
  shutdown(): void;
  /** Ends the child without asking. The promise, where there is one, resolves when its resources are free again. */
  kill(): void | Promise<void>;
  /** The state of its machine, for those who watch. */
  state?(): string | undefined;
  /** Events that it has taken and not yet worked on; they count as its mailbox. */
  backlog?(): number;
  /** Where it is a supervisor: how it restarts its children, and what they are. */
  readonly strategy?: ProcessInfo['strategy'];
  children?(): readonly ProcessInfo[];
  /** Memory that others may read and call directly, as with a table owned by an Erlang process: gone when the owner is. */
  readonly table?: unknown;
}

/** What a start function may use. */
export interface StartContext {
  readonly pid: Pid;
  readonly id: string;
  readonly name: string | undefined;
  /** The kernel's inside: for supervisors and for what needs its clock. */
  readonly runtime: Runtime;
  /** Aborted when the child has ended, also when its start took too long. */
  readonly signal: AbortSignal;
  /** Tells that this child has ended. Only the first call counts. */
  exit(reason: ExitReason): void;
  /** Ends this child with a crash: kills its handle, so that nothing of it stays, and exits with the error. */
  fail(error: unknown): void;
  /** Hands over, before the start is done, what is to be killed when the start is cut short. */
  own(handle: Handle): void;
}

/** The child declines to start: nothing is wrong, there is just nothing to run. */
export const IGNORE = 'ignore';

/** Starts one incarnation. An exception, a rejection or an `exit` with an error means that the start failed. */
export type StartFunction = (context: StartContext) => StartResult | Promise<StartResult>;
export type StartResult = Handle | { readonly handle: Handle; readonly info: unknown } | typeof IGNORE;

export type Watcher = (reason: ExitReason) => void;

/** One for all: making it costs more than the rest of an end. */
const ENDED = new DOMException('the process has ended', 'AbortError');

/** One incarnation of a child, from its start to its end. */
export class Process implements StartContext {
  readonly pid: Pid;
  readonly spec: ResolvedSpec;
  readonly runtime: Runtime;
  readonly startedAt: number;
  status: 'starting' | 'running' | 'exited' = 'starting';
  /** Events that wait in the run queue. */
  queued = 0;
  handle: Handle | undefined;
  reason: ExitReason | undefined;
  /** Later than any time until it runs. */
  runningSinceMs = Infinity;
  exitedAtMs = 0;
  /** Told once, when the process has ended and its resources are free: the supervisor's view of an exit signal. */
  onGone: ((process: Process) => void) | undefined;
  #watchers: Set<Watcher> | undefined;
  #abort: AbortController | undefined;
  #released: Promise<void> | undefined;

  constructor(pid: Pid, spec: ResolvedSpec, runtime: Runtime) {
    this.pid = pid;
    this.spec = spec;
    this.runtime = runtime;
    this.startedAt = runtime.clock.wallTime();
  }

  get id(): string {
    return this.spec.id;
  }

  get name(): string | undefined {
    return this.spec.name;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.status === 'exited') this.#abort.abort(ENDED);
    return this.#abort.signal;
  }

  get mailbox(): number {
    return this.queued + (this.handle?.backlog?.() ?? 0);
  }

  isFull(): boolean {
    return this.mailbox >= this.spec.mailboxLimit;
  }

  exit(reason: ExitReason): void {
    if (this.status === 'exited') return;
    this.status = 'exited';
    this.reason = reason;
    this.exitedAtMs = this.runtime.clock.now();
    this.#abort?.abort(ENDED);
    this.runtime.exited(this);
    this.#tellWatchers(reason);
    if (this.#released === undefined) this.onGone?.(this);
  }

  own(handle: Handle): void {
    this.handle = handle;
  }

  fail(error: unknown): void {
    this.#end(crashed(error));
  }

  kill(): void {
    this.#end(KILLED);
  }

  #end(reason: ExitReason): void {
    if (this.status === 'exited') return;
    const released = this.#release();
    if (released === undefined) return this.exit(reason);
    this.#released = released.then(() => this.onGone?.(this));
    this.exit(reason);
  }

  /** Ends a handle that its start has brought after the process had ended. */
  endLate(handle: Handle): void {
    this.handle = handle;
    this.#released ??= this.#release();
  }

  /** Resolves when the resources of an ended process are free; undefined when they are. */
  gone(): Promise<void> | undefined {
    return this.#released;
  }

  #release(): Promise<void> | undefined {
    try {
      return this.handle?.kill()?.catch((error: unknown) => this.runtime.callbackFailed(error));
    } catch (error) {
      this.runtime.callbackFailed(error);
      return undefined;
    }
  }

  watch(watcher: Watcher): void {
    this.#watchers ??= new Set();
    this.#watchers.add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers?.delete(watcher);
  }

  #tellWatchers(reason: ExitReason): void {
    const watchers = this.#watchers;
    if (watchers === undefined) return;
    this.#watchers = undefined;
    for (const watcher of watchers) {
      try {
        watcher(reason);
      } catch (error) {
        this.runtime.callbackFailed(error);
      }
    }
  }
}
