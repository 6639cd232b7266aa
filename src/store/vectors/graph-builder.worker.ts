import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from '../sqlite.ts';
import type { BuildMessage, BuildOrder } from './graph-builds.ts';
import { fingerprint, PART } from './graph-files.ts';
import { loadNative } from './native.ts';
import type { GraphIndex } from './native.ts';
import { fromHalfFloats } from './values.ts';
import { VectorTable } from './vector-table.ts';

/** Vectors added at a time, which take some 20 ms: then the thread can be ended. */
const ROWS_PER_SLICE = 128;
/** Of the thread: whoever answers somebody goes first. */
const NICENESS = 10;

// Only Linux has a niceness for each thread; elsewhere the whole service would give way.
if (process.platform === 'linux') setPriority(0, NICENESS);
await build(workerData as BuildOrder);

async function build(order: BuildOrder): Promise<void> {
  const { base, dimension, target } = order;
  const index = loadNative().graph(dimension);
  if (base !== null) index.load(base.path);
  await addRows(index, order);
  if (index.size() === 0) throw new Error('there was nothing to build a graph of');
  index.save(target + PART);
  sync(target + PART);
  const written = await fingerprint(target + PART);
  renameSync(target + PART, target);
  sync(dirname(target));
  post({ kind: 'built', size: index.size(), ...written });
}

/** Reads in short transactions, so that the write-ahead log can be cut back meanwhile. */
async function addRows(index: GraphIndex, { databasePath, space, dimension, base, lastNumber }: BuildOrder): Promise<void> {
  const database = openDatabase(databasePath, { readOnly: true });
  const table = new VectorTable(database);
  let after = base?.lastNumber ?? 0;
  for (;;) {
    const rows = table.rowsAfter(space, after, ROWS_PER_SLICE).filter(({ number }) => number <= lastNumber);
    const last = rows.at(-1);
    if (last === undefined) break;
    const values = new Float32Array(rows.length * dimension);
    for (const [at, row] of rows.entries()) fromHalfFloats(row.half_floats, values, at * dimension);
    index.add(BigUint64Array.from(rows, ({ number }) => BigInt(number)), values, 1);
    after = last.number;
    post({ kind: 'progress', done: index.size() });
    await new Promise(setImmediate);
  }
  database.close();
}

function post(message: BuildMessage): void {
  parentPort?.postMessage(message);
}

function sync(path: string): void {
  // Windows opens no directories.
  if (process.platform === 'win32' && !path.endsWith(PART)) return;
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
