import type { TenantStore, TurnOutcome } from '#src/ports/store.ts';
import type { CrashRecorder } from '#src/telemetry/capsules/crash-recorder.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';

/** How a turn ended, for statistics, metrics and the log. */
export interface TurnSummary {
  readonly session: string;
  readonly turn: string;
  readonly question: string;
  readonly outcome: TurnOutcome;
  readonly latencyMs: number;
}

export interface SessionDependencies {
  readonly kernel: Kernel;
  readonly store: TenantStore;
  /** Turns that wait while one runs. */
  readonly queueLength: number;
  readonly turnTimeoutMs: number;
  /** How long an actor stays that has nothing to do and nobody to listen. */
  readonly idleMs: number;
  readonly onTurnEnded: (summary: TurnSummary) => void;
  /** Told what a session works on, for the case that it crashes, and of turns that are poisoned. */
  readonly recorder?: CrashRecorder;
}
