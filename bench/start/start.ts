import type { Benchmark } from '../benchmark.ts';
import { timeStart } from '../service-process.ts';
import { median } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';

const STARTS = 5;
const IDLE_MS = 5000;

/** From `node dist/main.js` on an empty data folder to `readyz`, and its memory when nobody asks. */
export const benchmark: Benchmark = {
  targets: { ready_s: { max: 1 }, idle_rss_mb: { max: 150 } },
  measure: async () => {
    const times: number[] = [];
    let rssMb = 0;
    for (let start = 1; start <= STARTS; start += 1) {
      const idleMs = start === STARTS ? IDLE_MS : 0;
      const measured = await withTemporaryDirectory((directory) => timeStart(directory, idleMs));
      times.push(measured.readyMs);
      rssMb = measured.rssMb;
    }
    return { figures: { ready_s: median(times) / 1000, idle_rss_mb: rssMb } };
  },
};
