import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cosine } from '#src/store/vectors/values.ts';
import { temporaryDirectory } from '../../../support/store-directory.ts';
import type { ExampleVector } from '../../../support/vector-examples.ts';
import { clusteredVectors, idsOf, VectorsClient } from '../../../support/vector-examples.ts';

const DIMENSION = 32;
const GRAPH_FROM = 1000;

function examples(count: number, options: { seed?: number; dimension?: number; prefix?: string } = {}): ExampleVector[] {
  const { seed = 1, dimension = DIMENSION, prefix = 'v' } = options;
  return clusteredVectors(count, dimension, seed).map((values, index) => ({ id: `${prefix}${index}#`, values, metadata: { parity: index % 2 } }));
}

function nearest(vectors: readonly ExampleVector[], query: Float32Array, count: number): string[] {
  const scored = vectors.map(({ id, values }) => ({ id, score: cosine(query, values) }));
  return scored.toSorted((a, b) => b.score - a.score).slice(0, count).map(({ id }) => id);
}

async function recall(client: VectorsClient, vectors: readonly ExampleVector[], queries: readonly Float32Array[]): Promise<number> {
  let hits = 0;
  for (const query of queries) {
    const found = new Set(idsOf(await client.query(query)));
    hits += nearest(vectors, query, 10).filter((id) => found.has(id)).length;
  }
  return hits / (10 * queries.length);
}

function graphFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.includes('.hnsw'));
}

test('25 000 vectors get a graph that finds what the exact search finds, recall@10 at least 0.98', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  const vectors = examples(25_000, { dimension: 64 });
  const queries = clusteredVectors(30, 64, 99);
  await client.upsert(vectors);
  expect(await recall(client, vectors, queries.slice(0, 5))).toBeGreaterThan(0.98);
  expect(await client.until('ready')).toMatchObject({ vectors: 25_000, dimension: 64 });
  expect(await recall(client, vectors, queries)).toBeGreaterThan(0.98);
}, 60_000);

test('a restart maps the graph of before and does not build', async () => {
  const directory = temporaryDirectory();
  const first = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  const vectors = examples(1500);
  await first.upsert(vectors);
  await first.until('ready');
  await first.worker.close();
  const files = graphFiles(directory);
  expect(files.length).toBe(1);
  const second = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  expect((await second.query(vectors[3]?.values ?? new Float32Array()))[0]?.id).toBe('v3#');
  expect((await second.status()).spaces).toMatchObject([{ state: 'ready', vectors: 1500 }]);
  expect(graphFiles(directory)).toEqual(files);
});

test.each([
  { fault: 'torn', spoil: (path: string) => truncateSync(path, 1000) },
  { fault: 'foreign, of the same length', spoil: (path: string) => writeFileSync(path, readFileSync(path).fill(7)) },
  { fault: 'changed by one bit', spoil: (path: string) => writeFileSync(path, flipped(readFileSync(path))) },
  { fault: 'empty', spoil: (path: string) => truncateSync(path, 0) },
])('a graph file that is $fault is thrown away and built again', async ({ spoil }) => {
  const directory = temporaryDirectory();
  const first = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  const vectors = examples(1500);
  await first.upsert(vectors);
  await first.until('ready');
  await first.worker.close();
  const [file = ''] = graphFiles(directory);
  spoil(join(directory, file));
  const second = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  await second.until('ready');
  expect(await recall(second, vectors, clusteredVectors(5, DIMENSION, 99))).toBeGreaterThan(0.95);
  expect(graphFiles(directory)).not.toContain(file);
  expect(graphFiles(directory).length).toBe(1);
});

function flipped(bytes: Buffer): Buffer {
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  return bytes;
}

test('what is removed, replaced or added after the graph was made is told right at once', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory(), graphFrom: GRAPH_FROM });
  const vectors = examples(1500);
  await client.upsert(vectors);
  await client.until('ready');
  const [removed, replaced] = vectors;
  if (removed === undefined || replaced === undefined) throw new TypeError('no vectors');
  await client.remove(removed.id);
  const [fresh] = examples(1, { seed: 7, prefix: 'new' });
  if (fresh === undefined) throw new TypeError('no vector');
  await client.upsert([{ ...replaced, values: replaced.values.map((value) => -value) }, fresh]);
  expect((await client.status()).spaces[0]?.state).toBe('ready');
  expect(idsOf(await client.query(removed.values, { topK: 50 }))).not.toContain(removed.id);
  expect(idsOf(await client.query(replaced.values, { topK: 50 }))).not.toContain(replaced.id);
  expect((await client.query(replaced.values.map((value) => -value)))[0]?.id).toBe(replaced.id);
  expect((await client.query(fresh.values))[0]?.id).toBe(fresh.id);
});

test('nothing that was removed comes back with the next graphs, nor after a restart', async () => {
  const directory = temporaryDirectory();
  const client = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  const vectors = examples(2500);
  await client.upsert(vectors);
  await client.until('ready');
  for (const { id } of vectors.slice(0, 600)) await client.remove(id);
  const more = examples(900, { seed: 5, prefix: 'more' });
  await client.upsert(more);
  await client.until('ready');
  const alive = [...vectors.slice(600), ...more];
  const queries = [...vectors.slice(0, 10), ...more.slice(0, 10)].map(({ values }) => values);
  expect(await recall(client, alive, queries)).toBeGreaterThan(0.97);
  await client.worker.kill();
  const restarted = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  expect(await recall(restarted, alive, queries)).toBeGreaterThan(0.97);
  for (const query of queries) for (const id of idsOf(await restarted.query(query, { topK: 200 }))) expect(alive.some((one) => one.id === id)).toBe(true);
});

test('a filter that lets little through is scanned, one that lets much through is not wrong either', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory(), graphFrom: GRAPH_FROM });
  const vectors = examples(2500);
  await client.upsert(vectors.map((one, index) => ({ ...one, metadata: { parity: index % 2, few: index < 5 } })));
  await client.until('ready');
  const query = vectors[0]?.values ?? new Float32Array();
  expect(idsOf(await client.query(query, { filter: { few: true } })).toSorted()).toEqual(vectors.slice(0, 5).map(({ id }) => id));
  const even = vectors.filter((_, index) => index % 2 === 0);
  expect(idsOf(await client.query(query, { filter: { parity: 0 } }))).toEqual(nearest(even, query, 10));
});

test('a space that shrinks loses its graph and its file', async () => {
  const directory = temporaryDirectory();
  const client = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  await client.upsert(examples(1200));
  await client.until('ready');
  await client.remove('v');
  expect((await client.status()).spaces).toMatchObject([{ state: 'exact', vectors: 0 }]);
  expect(graphFiles(directory)).toEqual([]);
});

test('files of graphs that the database does not name are deleted at the start, others are left', async () => {
  const directory = temporaryDirectory();
  for (const name of ['vectors-1-5-00ff.hnsw', 'vectors-1-9-00ff.hnsw.part', 'mine.hnsw']) writeFileSync(join(directory, name), 'x');
  await VectorsClient.start({ directory });
  expect(graphFiles(directory)).toEqual(['mine.hnsw']);
});

test('a graph of the same database in a later state is not taken for the one of a restored database', async () => {
  const directory = temporaryDirectory();
  const first = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  await first.upsert(examples(500));
  await first.worker.close();
  copyFileSync(join(directory, 'vectors.db'), join(directory, 'backup.db'));
  const second = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  await second.upsert(examples(700, { seed: 3, prefix: 'lost' }));
  await second.until('ready');
  await second.worker.close();
  copyFileSync(join(directory, 'backup.db'), join(directory, 'vectors.db'));
  const third = await VectorsClient.start({ directory, graphFrom: GRAPH_FROM });
  const vectors = examples(800, { seed: 4, prefix: 'other' });
  await third.upsert(vectors);
  await third.until('ready');
  const query = vectors[0]?.values ?? new Float32Array();
  expect((await third.query(query))[0]?.id).toBe('other0#');
});
