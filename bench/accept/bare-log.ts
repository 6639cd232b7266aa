import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { quantile } from '../statistics.ts';

export interface LoggingRequest {
  readonly directory: string;
  readonly perSecond: number;
  readonly durationMs: number;
}

export interface LoggingReport {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** About what an accepted question is on the disk. */
const QUESTION = Buffer.alloc(512, 'q');

/**
 * The yardstick: questions that come at the same pace are appended to a file, and whatever has come meanwhile shares
 * one fsync. A disk alone is no faster, whoever asks it.
 */
process.on('message', (request: LoggingRequest) => {
  log(request).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function log({ directory, perSecond, durationMs }: LoggingRequest): Promise<LoggingReport> {
  const file = openSync(join(directory, 'bare-log'), 'a');
  const count = (perSecond * durationMs) / 1000;
  const waits: number[] = [];
  const startedMs = performance.now();
  while (waits.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - startedMs) * perSecond) / 1000));
    if (due === waits.length) await setTimeout(1);
    else commit(file, waits, { due, dueAt: (at) => startedMs + (at * 1000) / perSecond });
  }
  closeSync(file);
  return { p50Ms: quantile(waits, 0.5), p99Ms: quantile(waits, 0.99), maxMs: quantile(waits, 1) };
}

function commit(file: number, waits: number[], { due, dueAt }: { readonly due: number; readonly dueAt: (at: number) => number }): void {
  for (let at = waits.length; at < due; at += 1) writeSync(file, QUESTION);
  fdatasyncSync(file);
  const now = performance.now();
  while (waits.length < due) waits.push(now - dueAt(waits.length));
}
