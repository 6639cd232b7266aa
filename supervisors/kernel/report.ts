import type { ChildType, ResolvedSpec, Restart, Shutdown } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import type { Pid } from './process.ts';

/** The child that a report is about: OTP's offender. */
export interface Offender {
  readonly id: string;
  readonly name: string | undefined;
  readonly pid: Pid | undefined;
  /** Instead of a pid where several children of a dynamic supervisor ended alike. */
  readonly childCount?: number;
  readonly restart: Restart;
  readonly significant: boolean;
  readonly shutdown: Shutdown;
  readonly type: ChildType;
}

/** Everything that happens to a child, as data: logged, counted, timed and shown by whoever listens. */
export type Report =
  /** OTP's progress report: a child runs. */
  | { readonly type: 'progress'; readonly supervisor: string; readonly child: Offender }
  /** OTP's supervisor report. */
  | {
      readonly type: 'supervisor';
      readonly supervisor: string;
      readonly context: 'start_error' | 'child_terminated' | 'shutdown_error' | 'shutdown';
      readonly reason: ExitReason;
      readonly offender: Offender;
    }
  /** A child that had ended runs again; `downMs` from its end to its new start. */
  | { readonly type: 'restart'; readonly supervisor: string; readonly child: Offender; readonly restarts: number; readonly downMs: number }
  /** A child's end, whatever the reason. */
  | { readonly type: 'exit'; readonly supervisor: string; readonly child: Offender; readonly reason: ExitReason }
  /** An asynchronous failure that nobody caught. `owner` is the actor it was charged to, where one is known and alive. */
  | { readonly type: 'stray'; readonly origin: 'uncaughtException' | 'unhandledRejection'; readonly error: unknown; readonly owner: string | undefined }
  /** An event that found its receiver's mailbox full. */
  | { readonly type: 'overloaded'; readonly name: string };

export type ReportListener = (report: Report) => void;

export function offender(spec: ResolvedSpec, pid: Pid | undefined): Offender {
  const { id, name, restart, significant, shutdown, type } = spec;
  return { id, name, pid, restart, significant, shutdown, type };
}
