import { fileURLToPath } from 'node:url';
import { figuresOf, isWhole } from '#src/cli/chaos/chaos-result.ts';
import { renderResult } from '#src/cli/chaos/render-result.ts';
import { runChaos } from '#src/cli/chaos/run-chaos.ts';
import type { Benchmark } from '../benchmark.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const CLIENTS = 200;
const SEED = 1;
const WHOLE = { durationMs: 600_000, killEveryMs: 600, processKillEveryMs: 30_000 };
const QUICK = { durationMs: 30_000, killEveryMs: 500, processKillEveryMs: 15_000 };

/** `banyan chaos` with 200 clients: parts and the whole process are killed, and the clients count every frame. */
export const benchmark: Benchmark = {
  targets: {
    lost_frames: { max: 0 },
    repeated_frames: { max: 0 },
    turns_without_end: { max: 0 },
    turns_with_two_ends: { max: 0 },
    recovery_p99_ms: { max: 50 },
    worker_recovery_p99_ms: { max: 500 },
    sigkill_to_frame_p99_ms: { max: 3000 },
  },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (directory) => {
      const load = isQuick ? QUICK : WHOLE;
      const result = await runChaos({ ...load, program: [MAIN], env: process.env, directory, clients: CLIENTS, seed: SEED });
      const broken = isWhole(result) ? [] : ['a promise was broken'];
      return { figures: figuresOf(result), notes: [...renderResult(result), ...broken] };
    }),
};
