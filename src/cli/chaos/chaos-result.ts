import type { Tally } from './chat-load.ts';
import type { UnfinishedTurn } from './history.ts';
import type { KindRow } from './kill-ledger.ts';
import { quantile } from './quantile.ts';
import type { Victim } from './schedule.ts';
import type { Breach, Fault } from './session-account.ts';
import { PROCESS } from './victims.ts';

export interface ChaosResult {
  readonly rows: readonly KindRow[];
  readonly breaches: readonly Breach[];
  readonly unfinished: readonly UnfinishedTurn[];
  /** Turns of which the service's history says something else than its frames did. */
  readonly differing: readonly string[];
  readonly frames: number;
  readonly turns: number;
  /** Snapshots that the clients were sent, because the log did not hold what they had missed. */
  readonly snapshots: number;
  readonly tally: Tally;
  /** From each kill of the process to the first frame of each client that returned. */
  readonly returnsMs: readonly number[];
  readonly jobs: number;
  readonly unfinishedJobs: number;
  /** Times that the process ended without being told to. */
  readonly unexpectedEnds: number;
  /** Actors that did not run in the end. */
  readonly missingActors: readonly string[];
}

export function faultsOf({ breaches }: ChaosResult, fault: Fault): number {
  return breaches.reduce((total, breach) => (breach.fault === fault ? total + breach.count : total), 0);
}

/** Whether every promise was kept. Recovery times are no promise of this kind. */
export function isWhole({ breaches, unfinished, differing, unfinishedJobs, unexpectedEnds, missingActors }: ChaosResult): boolean {
  return breaches.length + unfinished.length + differing.length + unfinishedJobs + unexpectedEnds + missingActors.length === 0;
}

/** The key figures, flat. */
export function figuresOf(result: ChaosResult): Readonly<Record<string, number>> {
  const recoveries = (group: Victim['group']): number[] => result.rows.filter(({ victim }) => victim.group === group).flatMap((row) => row.recoveriesMs);
  const processes = result.rows.find(({ victim }) => victim.kind === PROCESS)?.recoveriesMs ?? [];
  return {
    kills: result.rows.reduce((total, { kills }) => total + kills, 0),
    lost_frames: faultsOf(result, 'lost'),
    repeated_frames: faultsOf(result, 'repeated'),
    turns_without_end: result.unfinished.length,
    turns_with_two_ends: faultsOf(result, 'two-ends'),
    recovery_p99_ms: quantile(recoveries('actor'), 0.99) ?? NaN,
    worker_recovery_p99_ms: quantile(recoveries('worker'), 0.99) ?? NaN,
    sigkill_to_frame_p99_ms: quantile(result.returnsMs, 0.99) ?? NaN,
    sigkill_to_frame_p50_ms: quantile(result.returnsMs, 0.5) ?? NaN,
    process_start_p99_ms: quantile(processes, 0.99) ?? NaN,
    wrong_texts: faultsOf(result, 'wrong-text'),
    out_of_order_frames: faultsOf(result, 'out-of-order'),
    frames: result.frames,
    turns: result.turns,
    snapshots: result.snapshots,
    failed_turns: [...result.tally.errors.values()].reduce((total, count) => total + count, 0),
    restarted_texts: result.tally.resets,
    unexpected_ends: result.unexpectedEnds,
  };
}
