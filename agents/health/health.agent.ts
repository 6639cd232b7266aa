import { ServiceError } from '#src/errors.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import type { Report } from '#supervisors/kernel/report.ts';
import type { Component, HealthReport } from './health.ts';
import { healthMachine } from './health.machine.ts';

export type { Component, ComponentStatus, HealthReport, HealthStatus } from './health.ts';

export const HEALTH = 'health';

const CHECK_INTERVAL_MS = 1000;

export interface HealthOptions {
  readonly kernel: Kernel;
  readonly components: readonly Component[];
  readonly onChange: (report: HealthReport) => void;
}

export function healthAgent({ kernel, components, onChange }: HealthOptions): StartFunction {
  const start = actor(healthMachine, { input: () => ({ components, onChange, intervalMs: CHECK_INTERVAL_MS }) });
  return (context) => {
    const stop = kernel.onReport((report) => {
      if (isTelling(report)) kernel.send(HEALTH, { type: 'check' });
    });
    context.signal.addEventListener('abort', stop, { once: true });
    return start(context);
  };
}

/** Queries and sessions end all the time, as they should: that is no news of anybody's health. */
function isTelling(report: Report): boolean {
  return report.type === 'restart' || (report.type === 'exit' && report.reason.kind !== 'normal');
}

/** The service's health as it is now; a monitor that is down itself is a degraded service. */
export async function health(kernel: Kernel): Promise<HealthReport> {
  try {
    return await kernel.ask<HealthReport>(HEALTH, { type: 'report' });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { status: 'degraded', components: { [HEALTH]: 'down' } };
  }
}

/** A part that is up when all processes of these names run. */
export function processes(kernel: Kernel, name: string, names: readonly string[], isVital: boolean): Component {
  return { name, isVital, check: () => (names.every((each) => kernel.whereis(each) !== undefined) ? 'up' : 'down') };
}
