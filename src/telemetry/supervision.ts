import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { describeReason } from '#supervisors/kernel/exit-reason.ts';
import type { Offender, Report } from '#supervisors/kernel/report.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** Logs, counts and times everything that happens to a child. Returns how to stop. */
export function recordSupervision(kernel: Kernel, logger: Logger, metrics: Metrics): () => void {
  return kernel.onReport((report) => {
    log(logger, report);
    count(metrics, report);
  });
}

function log(logger: Logger, report: Report): void {
  switch (report.type) {
    case 'progress':
      return logger.debug({ supervisor: report.supervisor, child: describe(report.child) }, 'child started');
    case 'exit':
      return logger.debug({ supervisor: report.supervisor, child: describe(report.child), reason: describeReason(report.reason) }, 'child ended');
    case 'restart':
      return logger.info(
        { supervisor: report.supervisor, child: describe(report.child), restarts: report.restarts, down_ms: report.downMs },
        'child restarted',
      );
    case 'supervisor':
      return logger.error(
        {
          supervisor: report.supervisor,
          context: report.context,
          reason: describeReason(report.reason),
          offender: describe(report.offender),
          ...(report.reason.kind === 'error' ? { error: report.reason.error } : {}),
        },
        'supervisor report',
      );
    case 'stray':
      return logger.error({ origin: report.origin, owner: report.owner, error: report.error }, 'failure that nobody caught');
    case 'overloaded':
      return logger.warn({ actor: report.name }, 'mailbox is full');
  }
}

function describe({ id, name, pid, childCount, restart, type }: Offender): object {
  return { id, name, pid, childCount, restart, type };
}

function count(metrics: Metrics, report: Report): void {
  switch (report.type) {
    case 'exit':
      return metrics.actorExits.inc({ actor: report.child.id, supervisor: report.supervisor, reason: report.reason.kind });
    case 'restart': {
      const labels = { actor: report.child.id, supervisor: report.supervisor };
      metrics.actorRestarts.inc(labels);
      return metrics.actorRestartDuration.observe(labels, report.downMs / 1000);
    }
    case 'stray':
      return metrics.strayFailures.inc();
    case 'overloaded':
      return metrics.mailboxRefusals.inc({ actor: kindOf(report.name) });
    default:
  }
}

/** `session:0193…` is of the kind `session`: a label never names one conversation. */
function kindOf(name: string): string {
  return name.split(':', 1)[0] ?? name;
}
