import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startApplication } from '../../support/start-application.ts';

/** Of proc_pid_stat(5): of the fields behind the thread's name, counted from 0. */
const NICENESS_FIELD = 16;

test.runIf(process.platform === 'linux')('the thread that indexes yields to those that answer', async () => {
  await startApplication();
  expect(nicenessOf('knowledge')).toBeGreaterThan(0);
  expect(['conversations', 'knowledge-reade'].map(nicenessOf)).toEqual([0, 0]);
});

/** The kernel keeps 15 characters of a thread's name. */
function nicenessOf(thread: string): number {
  const stats = readdirSync('/proc/self/task').map((id) => readFileSync(`/proc/self/task/${id}/stat`, 'utf8'));
  const stat = stats.find((line) => line.includes(`(${thread})`));
  if (stat === undefined) throw new Error(`no thread is named ${thread}`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICENESS_FIELD]);
}
