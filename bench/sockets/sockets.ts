import type { Benchmark, Figures } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import type { ServiceProcess } from '../service-process.ts';
import { withService } from '../service-process.ts';
import { quantile } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import type { JoinReport, JoinRequest } from './idle-clients.ts';

const CLIENTS = new URL('./idle-clients.ts', import.meta.url);
/** A process here may open 20 000 files. */
const SOCKETS = 15_000;
const QUICK_SOCKETS = 5000;
const AT_ONCE = 50;
/** In which the service becomes quiet, before anybody comes and after all have. */
const SETTLE_MS = 10_000;
/** Over which the cost of doing nothing is measured: a heartbeat's interval, as it is set by default. */
const IDLE_MS = 30_000;
const QUICK_IDLE_MS = 5000;

/** Conversations that are open and say nothing: what each holds in memory, and how fast they come. */
export const benchmark: Benchmark = {
  targets: {
    rss_per_socket_kb: { max: 30 },
    joins_per_s: { min: 1000 },
  },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (dataDir) => {
      const sockets = isQuick ? QUICK_SOCKETS : SOCKETS;
      const env = { BANYAN_MAX_CONNECTIONS: String(2 * SOCKETS) };
      const idleMs = isQuick ? QUICK_IDLE_MS : IDLE_MS;
      const figures = await withService({ dataDir, env }, (service) => withChild(CLIENTS, (clients) => measureSockets(service, clients, { sockets, idleMs })));
      const notes = [`${sockets} sockets, each of a session of its own that was never asked anything; memory: of the whole service, ${SETTLE_MS / 1000} s after the last join, less what it held before the first`];
      return { figures, notes };
    }),
};

async function measureSockets(service: ServiceProcess, clients: Child, { sockets, idleMs }: { sockets: number; idleMs: number }): Promise<Figures> {
  await pause(SETTLE_MS);
  const emptyMb = service.memoryMb().now;
  const before = await service.probe('read');
  const { seconds, joinsMs } = await clients.ask<JoinReport>({ port: service.port, sockets, atOnce: AT_ONCE } satisfies JoinRequest);
  const joined = await service.probe('read');
  await pause(SETTLE_MS);
  const fullMb = service.memoryMb().now;
  const idle = await service.probe('read');
  await pause(idleMs);
  const after = await service.probe('read');
  return {
    rss_per_socket_kb: ((fullMb - emptyMb) * 1024) / sockets,
    joins_per_s: sockets / seconds,
    join_p99_ms: quantile(joinsMs, 0.99),
    cpu_per_join_us: (joined.cpuUs - before.cpuUs) / sockets,
    idle_cpu_share: (after.cpuUs - idle.cpuUs) / 1000 / idleMs,
    empty_rss_mb: emptyMb,
    full_rss_mb: fullMb,
    peak_rss_mb: service.memoryMb().peak,
  };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
