import type { Clock } from '#src/ports/clock.ts';
import type { ResolvedSpec } from './child-spec.ts';
import type { Process } from './process.ts';
import type { Registry } from './registry.ts';
import type { Report } from './report.ts';

/** What supervisors need of the kernel that runs them. */
export interface Runtime {
  readonly clock: Clock;
  readonly registry: Registry;
  createProcess(spec: ResolvedSpec): Process;
  /** The process has its handle: it is found by its name from now on. */
  running(process: Process): void;
  /** The process has ended: its name is free, nothing reaches it any more. */
  exited(process: Process): void;
  /** A watcher or a handle's `kill` threw; the process that they belong to goes on ending. */
  callbackFailed(error: unknown): void;
  /** Runs code on behalf of a process: what fails later in its timers and promises is charged to it. */
  runAs<T>(process: Process, run: () => T): T;
  report(report: Report): void;
}
