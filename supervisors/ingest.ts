import type { IngestOptions } from '#agents/ingest/ingest.agent.ts';
import { JOBS, reconcilerAgent } from '#agents/ingest/ingest.agent.ts';
import { dynamicSupervisor } from './kernel/dynamic-supervisor.ts';
import type { ChildSpec } from './kernel/child-spec.ts';
import type { StartFunction } from './kernel/process.ts';
import { supervisor } from './kernel/supervisor.ts';

export interface IngestParts extends IngestOptions {
  /** The project's own guides, with which an empty store begins; undefined where it stays empty. */
  readonly firstRun: StartFunction | undefined;
}

/** Jobs run apart from each other; the reconciler starts those that a killed process left. */
export function ingestSupervisor({ firstRun, ...options }: IngestParts): StartFunction {
  const seeding: ChildSpec[] = firstRun === undefined ? [] : [{ id: 'first-run', restart: 'temporary', start: firstRun }];
  return supervisor({
    strategy: 'one_for_one',
    intensity: 20,
    periodMs: 60_000,
    children: [
      { id: 'jobs', name: JOBS, type: 'supervisor', start: dynamicSupervisor({ intensity: 20, periodMs: 60_000 }) },
      { id: 'reconciler', name: 'reconciler', start: reconcilerAgent(options) },
      ...seeding,
    ],
  });
}
