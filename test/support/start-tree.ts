import { onTestFinished } from 'vitest';
import type { Clock } from '#src/ports/clock.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import type { Report } from '#supervisors/kernel/report.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';

/** A tree of the given children that ends with the test; `reports` holds what was reported so far. */
export async function startTree(
  children: (kernel: Kernel) => readonly ChildSpec[],
  { clock }: { readonly clock?: Clock } = {},
): Promise<{ readonly kernel: Kernel; readonly reports: readonly Report[] }> {
  const kernel = new Kernel({ ...(clock === undefined ? {} : { clock }), onOrphanFailure: () => undefined });
  const reports: Report[] = [];
  kernel.onReport((report) => reports.push(report));
  await kernel.boot({ name: 'test', start: supervisor({ intensity: 100, periodMs: 60_000, children: children(kernel) }) });
  onTestFinished(() => void kernel.stop());
  return { kernel, reports };
}
