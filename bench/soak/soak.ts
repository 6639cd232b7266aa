import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gatewayUrl } from '#agents/gateway/gateway.agent.ts';
import { loadConfig } from '#config/load.ts';
import { startService } from '#src/service.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import type { Benchmark, Figures } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import type { AskReport, AskRequest } from './asking-clients.ts';
import { createHastyModel } from './hasty-model.ts';

const CLIENTS = new URL('./asking-clients.ts', import.meta.url);
const SESSIONS = 20;
const DELTAS = 500;
/** By then the frame log keeps no more of any session, and the caches are full. */
const FILL_TURNS = 20;
/** A million frames. */
const TURNS = 100;
const QUICK_TURNS = 25;
const MB = 2 ** 20;
const SETTINGS = { BANYAN_LOG_LEVEL: 'warn', BANYAN_SEED_ON_FIRST_RUN: 'false', BANYAN_RATE_LIMIT: '0', BANYAN_PORT: '0', BANYAN_CACHE_MAX_BYTES: '4194304' };

/** A million frames to sessions whose history grows: what the service keeps of them in memory. */
export const benchmark: Benchmark = {
  targets: { heap_growth_share: { max: 0.05 }, out_of_order_frames: { max: 0 } },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (dataDir) => {
      const config = loadConfig({ ...SETTINGS, BANYAN_DATA_DIR: dataDir });
      const loggerFor = await createLogging({ level: config.logLevel, isPretty: false });
      const service = await startService({ config, loggerFor, models: [createHastyModel(DELTAS)] });
      try {
        return { figures: await withChild(CLIENTS, (clients) => measure(gatewayUrl(service.kernel), clients, isQuick ? QUICK_TURNS : TURNS)) };
      } finally {
        await service.stop();
      }
    }),
};

async function measure(url: string, clients: Child, turns: number): Promise<Figures> {
  const ask = (count: number): Promise<AskReport> => clients.ask<AskReport>({ url, sessions: SESSIONS, turns: count } satisfies AskRequest);
  await ask(FILL_TURNS);
  const before = heapBytes();
  const startedMs = performance.now();
  const { frames, outOfOrder } = await ask(turns);
  const seconds = (performance.now() - startedMs) / 1000;
  const after = heapBytes();
  return { heap_growth_share: after / before - 1, out_of_order_frames: outOfOrder, frames, frames_per_s: frames / seconds, heap_mb: after / MB };
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
