import { assign, setup } from 'xstate';
import type { Asked } from '#supervisors/kernel/process.ts';
import type { Component, HealthReport, HealthStatus } from './health.ts';
import { assess } from './health.ts';

export type HealthEvent = ({ readonly type: 'report' } & Asked<HealthReport>) | { readonly type: 'check' };

export interface HealthInput {
  readonly components: readonly Component[];
  readonly intervalMs: number;
  /** Told each time the service's health is another than before. */
  readonly onChange: (report: HealthReport) => void;
}

interface HealthContext extends HealthInput {
  readonly report: HealthReport;
}

/**
 * healthy   every part is up.
 * degraded  a part is down or degraded without which questions are still answered.
 * critical  a vital part is down.
 * Each is entered by a check that finds it so, tells of the change, and is left by a check that finds otherwise. Checks
 * come at an interval, with every reader, and when a supervisor reports an end or a restart.
 */
export const healthMachine = setup({
  types: { context: {} as HealthContext, events: {} as HealthEvent, input: {} as HealthInput },
  delays: { interval: ({ context }) => context.intervalMs },
  guards: {
    isHealthy: ({ context }) => context.report.status === 'healthy',
    isDegraded: ({ context }) => context.report.status === 'degraded',
    isCritical: ({ context }) => context.report.status === 'critical',
  },
  actions: {
    check: assign({ report: ({ context }) => assess(context.components) }),
    tellChange: ({ context: { onChange, report } }, left: HealthStatus) => {
      if (report.status !== left) onChange(report);
    },
    reply: ({ event, context }) => {
      if (event.type === 'report') event.reply(context.report);
    },
  },
}).createMachine({
  id: 'health',
  context: ({ input }) => ({ ...input, report: assess(input.components) }),
  initial: 'healthy',
  on: {
    report: { actions: ['check', 'reply'] },
    check: { actions: 'check' },
  },
  states: {
    healthy: {
      always: [{ guard: 'isDegraded', target: 'degraded' }, { guard: 'isCritical', target: 'critical' }],
      after: { interval: { target: 'healthy', reenter: true, actions: 'check' } },
      exit: { type: 'tellChange', params: 'healthy' },
    },
    degraded: {
      always: [{ guard: 'isHealthy', target: 'healthy' }, { guard: 'isCritical', target: 'critical' }],
      after: { interval: { target: 'degraded', reenter: true, actions: 'check' } },
      exit: { type: 'tellChange', params: 'degraded' },
    },
    critical: {
      always: [{ guard: 'isHealthy', target: 'healthy' }, { guard: 'isDegraded', target: 'degraded' }],
      after: { interval: { target: 'critical', reenter: true, actions: 'check' } },
      exit: { type: 'tellChange', params: 'critical' },
    },
  },
});
