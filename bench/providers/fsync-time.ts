import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { median } from '../statistics.ts';

/** What a small transaction appends to a write-ahead log: a frame or two of one page each. */
const APPENDED = Buffer.alloc(8192, 1);
const SYNCS = 30;
/** As far apart as those of one question after the other: a disk that is kept awake is twice as fast. */
const GAP_MS = 5;

/** How long the disk below a directory takes to keep what was appended: the median in milliseconds. */
export async function fsyncTimeMs(directory: string): Promise<number> {
  const file = openSync(join(directory, 'fsync-time'), 'a');
  try {
    const times: number[] = [];
    while (times.length < SYNCS) {
      await setTimeout(GAP_MS);
      times.push(timeOne(file));
    }
    return median(times);
  } finally {
    closeSync(file);
  }
}

function timeOne(file: number): number {
  writeSync(file, APPENDED);
  const startedMs = performance.now();
  fsyncSync(file);
  return performance.now() - startedMs;
}
