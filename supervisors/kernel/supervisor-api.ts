import type { ResolvedSpec, SpecError } from './child-spec.ts';
import type { Pid } from './process.ts';
import type { ChildSpec, ChildType } from './child-spec.ts';
import type { Offender } from './report.ts';

/** Why a call to a supervisor was refused. Faults of a spec keep their own tag. */
export type ChildError =
  | SpecError
  | { readonly tag: 'already_started'; readonly pid: Pid }
  | { readonly tag: 'already_present' | 'not_found' | 'running' | 'restarting' | 'max_children' }
  | { readonly tag: 'start_failed'; readonly reason: unknown; readonly child?: Offender };

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: ChildError };

/** `pid` is undefined when the child declined to start. */
export type StartChildResult =
  | { readonly ok: true; readonly pid: Pid | undefined; readonly info?: unknown }
  | { readonly ok: false; readonly error: ChildError };

export interface ChildStatus {
  readonly id: string;
  readonly pid: Pid | 'restarting' | undefined;
  readonly type: ChildType;
}

export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** Calls to a static supervisor. Every one waits for its turn, and rejects with ACTOR_DOWN once the supervisor is dead. */
export interface SupervisorApi {
  /** Adds a child at the end of the order and starts it. */
  startChild(spec: ChildSpec): Promise<StartChildResult>;
  /** Ends a child and keeps its spec, unless it is temporary. */
  terminateChild(id: string): Promise<Outcome>;
  /** Starts a child that is stopped. */
  restartChild(id: string): Promise<StartChildResult>;
  /** Forgets a child that is stopped. */
  deleteChild(id: string): Promise<Outcome>;
  /** Newest first. */
  whichChildren(): Promise<readonly ChildStatus[]>;
  countChildren(): Promise<ChildCounts>;
  /** With the defaults filled in; undefined when there is no such child. */
  getChildSpec(id: string): Promise<ResolvedSpec | undefined>;
}

/** Calls to a dynamic supervisor: children are told apart by their pids, and none waits for another. */
export interface DynamicSupervisorApi {
  startChild(spec: ChildSpec): Promise<StartChildResult>;
  terminateChild(pid: Pid): Promise<Outcome>;
  whichChildren(): Promise<readonly ChildStatus[]>;
  countChildren(): Promise<ChildCounts>;
}

export function refused(error: ChildError): { readonly ok: false; readonly error: ChildError } {
  return { ok: false, error };
}
