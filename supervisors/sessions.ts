import { dynamicSupervisor } from './kernel/dynamic-supervisor.ts';
import type { StartFunction } from './kernel/process.ts';

/** One actor for each open conversation. The budget is generous, so that no number of bad sessions takes the others along. */
export function sessionsSupervisor(maxSessions: number): StartFunction {
  return dynamicSupervisor({ maxChildren: maxSessions, intensity: 1000, periodMs: 60_000 });
}
