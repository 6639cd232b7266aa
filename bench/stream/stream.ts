import type { Benchmark, Figures } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import type { ServiceProcess } from '../service-process.ts';
import { withService } from '../service-process.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { DELTA_INTERVAL_MS } from './delta.ts';
import type { ClientsRequest, FinalReport, WindowReport } from './socket-clients.ts';

const SERVER = new URL('./stream-server.ts', import.meta.url);
const BARE_SERVER = new URL('./bare-server.ts', import.meta.url);
const CLIENTS = new URL('./socket-clients.ts', import.meta.url);
const SESSIONS = 1000;
const WINDOW_MS = 20_000;
const QUICK_WINDOW_MS = 5000;
/** Time in which the questions are asked: starting an answer costs more than streaming it for a second. */
const RAMP_MS = 5000;
/** After the last answer has begun, until it is measured. */
const SETTLE_MS = 1000;
/** By which the answers outlast what is measured. */
const SLACK_MS = 3000;
const TURN_TIMEOUT_MS = 120_000;

/** A thousand conversations over WebSocket, each receiving fifty deltas a second. */
export const benchmark: Benchmark = {
  targets: {
    lost_frames: { max: 0 },
    added_delay_p99_ms: { max: 50 },
    loop_delay_p99_ms: { max: 30 },
    cpu_per_frame_us: { max: 20 },
  },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (dataDir) => {
      const windowMs = isQuick ? QUICK_WINDOW_MS : WINDOW_MS;
      const deltas = (RAMP_MS + SETTLE_MS + windowMs + SLACK_MS) / DELTA_INTERVAL_MS;
      const env = { BANYAN_MAX_CONCURRENT_QUERIES: String(2 * SESSIONS), BANYAN_TURN_TIMEOUT_MS: String(TURN_TIMEOUT_MS) };
      const measure = (entry: URL): Promise<Figures> =>
        withService({ dataDir, entry, args: [String(deltas)], env }, (server) => withChild(CLIENTS, (clients) => measureStreams(server, clients, { deltas, windowMs })));
      const { cpu_per_frame_us: bareUs = NaN } = await measure(BARE_SERVER);
      const figures = await measure(SERVER);
      const ratio = (figures['cpu_per_frame_us'] ?? NaN) / bareUs;
      const notes = ['measured while all sessions stream; cpu_per_frame_us: of the server process, its paced model included; bare: ws alone with the same frames at the same pace'];
      return { figures: { ...figures, bare_cpu_per_frame_us: bareUs, cpu_ratio: ratio }, notes };
    }),
};

async function measureStreams(service: ServiceProcess, clients: Child, { deltas, windowMs }: { deltas: number; windowMs: number }): Promise<Figures> {
  const url = `${service.url.replace('http', 'ws')}/ws`;
  await clients.ask({ type: 'start', url, sessions: SESSIONS, rampMs: RAMP_MS } satisfies ClientsRequest);
  await service.probe('watch-loop');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = await service.probe('reset-loop');
  const seen = await clients.ask<WindowReport>({ type: 'watch', durationMs: windowMs } satisfies ClientsRequest);
  const after = await service.probe('read');
  const finish: ClientsRequest = { type: 'finish', deltas, timeoutMs: 4 * SLACK_MS };
  const { lostFrames, repeatedFrames, unendedSessions } = await clients.ask<FinalReport>(finish);
  return {
    lost_frames: lostFrames,
    added_delay_p99_ms: seen.delayP99Ms,
    loop_delay_p99_ms: after.loopDelayP99Ms,
    cpu_per_frame_us: (after.cpuUs - before.cpuUs) / seen.frames,
    frames_per_s: (seen.frames * 1000) / windowMs,
    repeated_frames: repeatedFrames,
    unended_sessions: unendedSessions,
    added_delay_p50_ms: seen.delayP50Ms,
    added_delay_max_ms: seen.delayMaxMs,
    loop_delay_max_ms: after.loopDelayMaxMs,
    peak_rss_mb: service.memoryMb().peak,
  };
}
