import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import type { Offender, Report } from '#supervisors/kernel/report.ts';
import { isoTime } from '../page.ts';

/** A report of the kernel as plain data: errors are their name and message, as an operator may see them. */
export function reportEvent(report: Report, wallTimeMs: number): object {
  return { ...plain(report), at: isoTime(wallTimeMs) };
}

function plain(report: Report): object {
  switch (report.type) {
    case 'progress':
      return { type: report.type, supervisor: report.supervisor, child: plainChild(report.child) };
    case 'supervisor': {
      const { type, supervisor, context, reason, offender } = report;
      return { type, supervisor, context, reason: plainReason(reason), child: plainChild(offender) };
    }
    case 'restart': {
      const { type, supervisor, child, restarts, downMs } = report;
      return { type, supervisor, child: plainChild(child), restarts, down_ms: downMs };
    }
    case 'exit':
      return { type: report.type, supervisor: report.supervisor, child: plainChild(report.child), reason: plainReason(report.reason) };
    case 'stray':
      return { type: report.type, origin: report.origin, error: plainError(report.error), owner: report.owner ?? null };
    case 'overloaded':
      return report;
  }
}

function plainChild({ id, name, pid, restart, type }: Offender): object {
  return { id, name: name ?? null, pid: pid ?? null, restart, type };
}

function plainReason(reason: ExitReason): object {
  return reason.kind === 'error' ? { kind: reason.kind, error: plainError(reason.error) } : { kind: reason.kind };
}

function plainError(error: unknown): object {
  return error instanceof Error ? { name: error.name, message: error.message } : { name: 'unknown', message: String(error) };
}
