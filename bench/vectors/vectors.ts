import usearch from 'usearch';
import type { EmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';
import { createEmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';
import { workerUrl } from '#src/locations.ts';
import type { Metadata } from '#src/ports/answer.ts';
import type { VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import { VECTORS_ACTOR } from '#src/store/vectors/events.ts';
import { worker } from '#supervisors/kernel/handles/worker.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import type { Benchmark, Measured } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import { mean, quantile } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { clusteredGaussian } from './clustered-gaussian.ts';
import type { IdleMessage } from './idle-process.ts';
import type { LoopFigures } from './loop-watch.ts';
import { watchLoop } from './loop-watch.ts';

const IDLE_PROCESS = new URL('./idle-process.ts', import.meta.url);
const DIMENSION = 1024;
const TOP_K = 10;
const QUERIES = 200;
/** The share that a filter lets through is one of so many. */
const PARTS = 100;
/** One below it there is no graph yet. */
const EXACT_UP_TO = 19_999;
const { signal } = new AbortController();

interface Data {
  readonly name: string;
  /** One after the other. */
  readonly vectors: Float32Array;
  readonly count: number;
  readonly queries: readonly Float32Array[];
}

/** The embedded index as the service runs it, supervised in a thread of its own: how good, how fast, what of it the service's own loop feels. */
export const benchmark: Benchmark = {
  targets: { recall_at_10: { min: 0.98 }, search_p95_ms: { max: 15 }, loop_delay_max_ms: { max: 20 } },
  measure: ({ isQuick }) => withTemporaryDirectory((directory) => measure(directory, makeData(isQuick ? 20_000 : 100_000))),
};

function makeData(count: number): Data {
  const set = clusteredGaussian(DIMENSION, 1);
  const vectors = set.vectors(count);
  return { name: set.name, vectors, count, queries: Array.from({ length: QUERIES }, () => set.vectors(1)) };
}

async function measure(directory: string, data: Data): Promise<Measured> {
  const figures: Record<string, number> = {};
  const exactTruth = trueNeighbours(data, Math.min(EXACT_UP_TO, data.count));
  const truth = trueNeighbours(data, data.count);
  await withIdleProcess(directory, async (index, idle) => {
    await idle.ask({ type: 'watch' } satisfies IdleMessage);
    const loop = watchLoop();
    const space = index.space('default', 'bench');
    const writeStart = performance.now();
    await write(index, space, data, { start: 0, end: EXACT_UP_TO });
    const exact = await search(space, data.queries);
    figures['exact_recall_at_10'] = recall(exact.found, exactTruth);
    figures['exact_p95_ms'] = quantile(exact.times, 0.95);
    await write(index, space, data, { start: EXACT_UP_TO, end: data.count });
    figures['write_and_exact_s'] = (performance.now() - writeStart) / 1000;
    figures['search_building_p95_ms'] = quantile(await searchWhileBuilding(index, space, data.queries), 0.95);
    figures['ready_s'] = (performance.now() - writeStart) / 1000;
    const { found, times } = await search(space, data.queries);
    figures['recall_at_10'] = recall(found, truth);
    figures['search_p50_ms'] = quantile(times, 0.5);
    figures['search_p95_ms'] = quantile(times, 0.95);
    const filtered = await search(space, data.queries, { part: 7 });
    figures['filtered_p95_ms'] = quantile(filtered.times, 0.95);
    const { delayMaxMs, busyMaxMs } = loop.end();
    figures['loop_delay_max_ms'] = delayMaxMs;
    figures['loop_busy_max_ms'] = busyMaxMs;
    figures['idle_process_delay_max_ms'] = (await idle.ask<LoopFigures>({ type: 'end' } satisfies IdleMessage)).delayMaxMs;
  });

  const restart = performance.now();
  await withIndex(directory, async (index) => {
    await search(index.space('default', 'bench'), data.queries.slice(0, 1));
    figures['restart_to_first_result_s'] = (performance.now() - restart) / 1000;
  });
  const notes = [
    `${data.count} × ${DIMENSION}, half precision; ${data.name}; truth by exact search in single precision`,
    'idle_process_delay_max_ms: how late the loop of a process came that did nothing meanwhile, which is the machine’s part of loop_delay_max_ms',
  ];
  return { figures, notes };
}

function withIdleProcess(directory: string, work: (index: EmbeddedVectorIndex, idle: Child) => Promise<void>): Promise<void> {
  return withChild(IDLE_PROCESS, (idle) => withIndex(directory, (index) => work(index, idle)));
}

/** Runs `work` with the worker supervised in this process over the file of `directory`. */
async function withIndex(directory: string, work: (index: EmbeddedVectorIndex) => Promise<void>): Promise<void> {
  const kernel = new Kernel();
  const start = worker({ url: workerUrl('store/vectors.worker'), input: { directory }, heartbeatMs: 1000 });
  await kernel.boot({ name: 'bench', start: supervisor({ children: [{ id: VECTORS_ACTOR, name: VECTORS_ACTOR, start }] }) });
  try {
    await work(createEmbeddedVectorIndex({ link: kernel, model: 'bench:model' }));
  } finally {
    await kernel.stop();
  }
}

async function write(index: EmbeddedVectorIndex, space: VectorSpace, data: Data, { start, end }: { start: number; end: number }): Promise<void> {
  for (let from = start; from < end; from += index.batch.maxItems) {
    const to = Math.min(end, from + index.batch.maxItems);
    await space.upsert(Array.from({ length: to - from }, (_, at) => record(data, from + at)), signal);
  }
}

function record({ vectors }: Data, row: number): VectorRecord {
  const values = vectors.subarray(row * DIMENSION, (row + 1) * DIMENSION);
  return { id: `v#${row}`, values, metadata: { part: row % PARTS }, text: '', title: '', uri: null };
}

interface Searches {
  readonly found: readonly (readonly number[])[];
  readonly times: readonly number[];
}

async function search(space: VectorSpace, queries: readonly Float32Array[], filter: Metadata = {}): Promise<Searches> {
  const found: number[][] = [];
  const times: number[] = [];
  for (const vector of queries) {
    const start = performance.now();
    const matches = await space.query({ vector, topK: TOP_K, filter }, signal);
    times.push(performance.now() - start);
    found.push(matches.map(({ id }) => Number(id.slice(2))));
  }
  return { found, times };
}

/** Until the graph is ready. */
async function searchWhileBuilding(index: EmbeddedVectorIndex, space: VectorSpace, queries: readonly Float32Array[]): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; ; round += 1) {
    const [status] = (await index.status(signal)).spaces;
    if (status?.problem !== undefined) throw new Error(status.problem);
    if (status?.state === 'ready') return times;
    const at = (round * TOP_K) % queries.length;
    times.push(...(await search(space, queries.slice(at, at + TOP_K))).times);
    // As busy as a service is: the builder has a core of its own only as long as nobody takes it.
    await new Promise((resolve) => void setTimeout(resolve, 100));
  }
}

function trueNeighbours({ vectors, queries }: Data, count: number): readonly ReadonlySet<number>[] {
  const matrix = vectors.subarray(0, count * DIMENSION);
  return queries.map((query) => {
    const { keys } = usearch.exactSearch(matrix, query, DIMENSION, TOP_K, usearch.MetricKind.Cos, 2);
    return new Set(Array.from(keys as BigUint64Array, Number));
  });
}

function recall(found: Searches['found'], truth: readonly ReadonlySet<number>[]): number {
  return mean(found.map((rows, at) => rows.filter((row) => truth[at]?.has(row)).length / TOP_K));
}
