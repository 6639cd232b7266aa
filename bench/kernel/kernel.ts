import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Benchmark, Figures } from '../benchmark.ts';
import { median } from '../statistics.ts';
import { counterSpec, machineSpec, POOL, withKernel } from './kernel-tree.ts';
import { measureIdleSessions } from './idle-sessions.ts';

const FEW_SIBLINGS = 1000;
const MANY_SIBLINGS = 50_000;
const STARTS_PER_BATCH = 1000;
const ASKS_PER_BATCH = 2000;

/** What the kernel costs: starting, crashing, asking and keeping actors. */
export const benchmark: Benchmark = {
  targets: {
    child_start_us: { max: 50 },
    crash_restart_us: { max: 100 },
    ask_us: { max: 5 },
    idle_actor_heap_kb: { max: 10 },
  },
  measure: async ({ isQuick }) => {
    const idle = await measureIdleSessions(isQuick ? 5000 : 20_000);
    const starts = await measureStarts(isQuick ? 10 : 30);
    const asks = await measureAsks(isQuick ? 20 : 100);
    const crash_restart_us = await measureRestarts(isQuick ? 2000 : 10_000);
    const notes = ["child_start_us: a machine of a session's size; ask_us: an actor without states; idle_actor_heap_kb: the real session machine"];
    return { figures: { ...starts, crash_restart_us, ...asks, ...idle }, notes };
  },
};

/** The median batch beside few siblings and beside many; the figure is the worse one. */
async function measureStarts(batches: number): Promise<Figures> {
  const child_start_1k_us = await startsBeside(FEW_SIBLINGS, batches);
  const child_start_50k_us = await startsBeside(MANY_SIBLINGS, batches);
  return { child_start_us: Math.max(child_start_1k_us, child_start_50k_us), child_start_1k_us, child_start_50k_us };
}

function startsBeside(siblings: number, batches: number): Promise<number> {
  return withKernel([], async (kernel) => {
    await startBatch(kernel, 'sibling', siblings);
    const costs: number[] = [];
    for (let batch = 0; batch < batches; batch += 1) {
      const before = process.threadCpuUsage();
      const pids = await startBatch(kernel, `batch${batch}`, STARTS_PER_BATCH);
      costs.push(cpuUsSince(before) / STARTS_PER_BATCH);
      await endBatch(kernel, pids);
    }
    return median(costs);
  });
}

async function startBatch(kernel: Kernel, name: string, count: number): Promise<number[]> {
  const pool = kernel.dynamicSupervisor(POOL);
  const pids: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = await pool.startChild(machineSpec(`${name}:${index}`));
    if (!started.ok || started.pid === undefined) throw new Error(`child ${name}:${index} did not start`);
    pids.push(started.pid);
  }
  return pids;
}

async function endBatch(kernel: Kernel, pids: readonly number[]): Promise<void> {
  const pool = kernel.dynamicSupervisor(POOL);
  for (const pid of pids) await pool.terminateChild(pid);
}

function cpuUsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

/** Round trips, one after the other, the median batch: of an actor without states, as the asked ones are, and of a machine. */
function measureAsks(batches: number): Promise<Figures> {
  return withKernel([machineSpec('machine'), counterSpec('counter')], async (kernel) => ({
    ask_us: await askUs(kernel, 'counter', batches),
    ask_machine_us: await askUs(kernel, 'machine', batches),
  }));
}

async function askUs(kernel: Kernel, name: string, batches: number): Promise<number> {
  const costs: number[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    const startedMs = performance.now();
    for (let ask = 0; ask < ASKS_PER_BATCH; ask += 1) await kernel.ask(name, { type: 'ask' });
    costs.push(((performance.now() - startedMs) * 1000) / ASKS_PER_BATCH);
  }
  return median(costs);
}

/** From the event that crashes an actor to the report that it runs again; the median. */
function measureRestarts(crashes: number): Promise<number> {
  return withKernel([machineSpec('victim')], async (kernel) => {
    const costs: number[] = [];
    for (let crash = 0; crash < crashes; crash += 1) costs.push(await restartUs(kernel));
    return median(costs);
  });
}

async function restartUs(kernel: Kernel): Promise<number> {
  const restarted = Promise.withResolvers<number>();
  const stop = kernel.onReport(({ type }) => type === 'restart' && restarted.resolve(performance.now()));
  const startedMs = performance.now();
  kernel.send('victim', { type: 'crash' });
  const endedMs = await restarted.promise;
  stop();
  return (endedMs - startedMs) * 1000;
}
