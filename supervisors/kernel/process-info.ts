import type { ChildType } from './child-spec.ts';
import type { Pid } from './process.ts';
import type { Strategy } from './supervisor-flags.ts';

/** One node of the live tree. */
export interface ProcessInfo {
  readonly id: string;
  readonly name: string | undefined;
  /** `restarting` while a restart is tried again, undefined when the child is stopped. */
  readonly pid: Pid | 'restarting' | undefined;
  readonly type: ChildType;
  readonly strategy?: Strategy | 'dynamic';
  readonly state?: string;
  readonly status: 'starting' | 'running' | 'restarting' | 'stopped';
  /** How often this child was restarted since its supervisor started. */
  readonly restarts: number;
  /** Milliseconds since the epoch; undefined when it does not run. */
  readonly startedAt: number | undefined;
  readonly mailbox: number;
  readonly children: readonly ProcessInfo[];
}
