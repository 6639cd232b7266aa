import { counted, grouped } from '../terminal.ts';
import type { ChaosResult } from './chaos-result.ts';
import { faultsOf } from './chaos-result.ts';
import type { KindRow } from './kill-ledger.ts';
import { quantile } from './quantile.ts';

const HEADS = ['kind', 'kills', 'recovery p50', 'p99 ms', 'lost', 'repeated', 'no end', 'two ends'];
const EXAMPLES = 10;

/** The table of kinds, then what the clients saw. */
export function renderResult(result: ChaosResult): string[] {
  return [...renderTable(result), '', ...summary(result), ...troubles(result)];
}

function renderTable(result: ChaosResult): string[] {
  const { rows, unfinished } = result;
  const all = rows.flatMap(({ recoveriesMs }) => recoveriesMs);
  const kills = rows.reduce((total, row) => total + row.kills, 0);
  const total = [...cells('all', kills, all), ...[faultsOf(result, 'lost'), faultsOf(result, 'repeated'), unfinished.length, faultsOf(result, 'two-ends')].map(String)];
  const table = [HEADS, ...rows.map(renderRow), total];
  const widths = HEADS.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '));
}

function renderRow({ victim, kills, recoveriesMs, faults, unfinished }: KindRow): string[] {
  return [...cells(victim.kind, kills, recoveriesMs), ...[faults.lost, faults.repeated, unfinished, faults['two-ends']].map(String)];
}

function cells(kind: string, kills: number, recoveriesMs: readonly number[]): string[] {
  return [kind, String(kills), shownMs(quantile(recoveriesMs, 0.5)), shownMs(quantile(recoveriesMs, 0.99))];
}

/** A part that is not restarted, because others begin its work anew, has no recovery of its own. */
function shownMs(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(1);
}

function summary({ turns, frames, snapshots, tally, returnsMs, jobs }: ChaosResult): string[] {
  const errors = [...tally.errors].map(([code, count]) => `${count} ${code}`).join(', ');
  const p99 = quantile(returnsMs, 0.99);
  return [
    `${grouped(turns)} turns in ${grouped(frames)} frames; ${counted(snapshots, 'snapshot')}; ${counted(tally.resets, 'text')} begun anew; without an answer: ${errors === '' ? 'none' : errors}.`,
    ...(p99 === undefined ? [] : [`From SIGKILL to the first frame of a returning client: p50 ${shownMs(quantile(returnsMs, 0.5))} ms, p99 ${shownMs(p99)} ms.`]),
    ...(jobs === 0 ? [] : [`${counted(jobs, 'job')} took documents in.`]),
  ];
}

function troubles({ breaches, unfinished, differing, unfinishedJobs, unexpectedEnds, missingActors }: ChaosResult): string[] {
  const lines = [
    ...breaches.map(({ fault, count, detail }) => `${fault} (${count}): ${detail}`),
    ...unfinished.map(({ turn }) => `no end: turn ${turn}`),
    ...differing,
    ...(unfinishedJobs === 0 ? [] : [`${counted(unfinishedJobs, 'job')} did not succeed`]),
    ...(unexpectedEnds === 0 ? [] : [`the process ended ${counted(unexpectedEnds, 'time')} without being told to`]),
    ...missingActors.map((name) => `${name} did not run in the end`),
  ];
  return lines.length <= EXAMPLES ? lines : [...lines.slice(0, EXAMPLES), `… and ${lines.length - EXAMPLES} more`];
}
