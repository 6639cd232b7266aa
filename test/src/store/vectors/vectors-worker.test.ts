import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openDatabase } from '#src/store/sqlite.ts';
import { temporaryDirectory } from '../../../support/store-directory.ts';
import { clusteredVectors, idsOf, unit, VECTOR_SPACE, VectorsClient } from '../../../support/vector-examples.ts';

const [EAST, NORTH, WEST] = [unit([1, 0, 0]), unit([0, 1, 0]), unit([-1, 0, 0])] as const;

test('the nearest is found first, with its cosine', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  await client.upsert([
    { id: 'a', values: EAST },
    { id: 'b', values: unit([1, 1, 0]) },
    { id: 'c', values: WEST },
  ]);
  const hits = await client.query(EAST, { topK: 2 });
  expect(hits).toEqual([
    { id: 'a', score: expect.closeTo(1, 3) },
    { id: 'b', score: expect.closeTo(Math.SQRT1_2, 3) },
  ]);
  expect(await client.query(EAST, { topK: 0 })).toEqual([]);
});

test('a replaced id is found by its new vector only, and once', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  await client.upsert([{ id: 'a', values: EAST }, { id: 'b', values: WEST }]);
  await client.upsert([{ id: 'a', values: NORTH }]);
  expect(await client.query(EAST)).toEqual([{ id: 'a', score: expect.closeTo(0, 3) }, { id: 'b', score: expect.closeTo(-1, 3) }]);
  expect((await client.query(NORTH))[0]).toEqual({ id: 'a', score: expect.closeTo(1, 3) });
  expect(await client.count()).toBe(2);
});

test('of two records with the same id in one write the last one stays', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  await client.upsert([{ id: 'a', values: EAST }, { id: 'a', values: NORTH }]);
  expect(await client.query(NORTH)).toEqual([{ id: 'a', score: expect.closeTo(1, 3) }]);
  expect(await client.count()).toBe(1);
});

test('a deleted prefix is never found, and no other id is lost', async () => {
  const directory = temporaryDirectory();
  const client = await VectorsClient.start({ directory });
  await client.upsert(['d1#1#0', 'd1#1#1', 'd1#2#0', 'd10#1#0', 'd2#1#0'].map((id) => ({ id, values: EAST })));
  expect(await client.remove('d1#1#')).toEqual({ removed: 2, isDone: true });
  expect(idsOf(await client.query(EAST)).toSorted()).toEqual(['d1#2#0', 'd10#1#0', 'd2#1#0']);
  expect(await client.remove('d1#')).toEqual({ removed: 1, isDone: true });
  expect(await client.remove('unknown')).toEqual({ removed: 0, isDone: true });
  await client.worker.kill();
  const restarted = await VectorsClient.start({ directory });
  expect(idsOf(await restarted.query(EAST)).toSorted()).toEqual(['d10#1#0', 'd2#1#0']);
});

test('tenants, collections and models never see each other', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  const spaces = [VECTOR_SPACE, { ...VECTOR_SPACE, tenant: 'other' }, { ...VECTOR_SPACE, collection: 'other' }, { ...VECTOR_SPACE, model: 'other' }];
  for (const [index, space] of spaces.entries()) await client.upsert([{ id: `v${index}`, values: EAST }], space);
  await client.remove('v0', spaces[1]);
  for (const [index, space] of spaces.entries()) expect(idsOf(await client.query(EAST, { space }))).toEqual([`v${index}`]);
  expect(await client.query(EAST, { space: { ...VECTOR_SPACE, tenant: 'nobody' } })).toEqual([]);
  expect(await client.count({ ...VECTOR_SPACE, tenant: 'nobody' })).toBe(0);
});

test('a filter selects exactly, before the nearest are taken', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  const vectors = clusteredVectors(1500, 16);
  await client.upsert(vectors.map((values, index) => ({ id: `v${index}`, values, metadata: { seventh: index % 7 === 0, name: `n${index}` } })));
  const hits = await client.query(vectors[1] ?? EAST, { topK: 1500, filter: { seventh: true } });
  expect(idsOf(hits).toSorted()).toEqual(vectors.keys().filter((index) => index % 7 === 0).map((index) => `v${index}`).toArray().toSorted());
  expect(idsOf(await client.query(vectors[1] ?? EAST, { filter: { seventh: true, name: 'n14' } }))).toEqual(['v14']);
  expect(await client.query(vectors[1] ?? EAST, { filter: { absent: 1 } })).toEqual([]);
});

test.each([
  { fault: 'NaN', values: [Number.NaN, 0, 1], got: 'NaN or infinity' },
  { fault: 'the zero vector', values: [0, 0, 0], got: 'the zero vector' },
  { fault: 'another dimension', values: [1, 0], got: '2' },
])('$fault is refused, in a write and in a query, and nothing of the write stays', async ({ values, got }) => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  await client.upsert([{ id: 'a', values: EAST }]);
  const wrong = Float32Array.from(values);
  const refused = { code: 'INVALID_REQUEST', details: [expect.objectContaining({ got })] };
  const records = wrong.length === 3 ? [{ id: 'b', values: NORTH }, { id: 'c', values: wrong }] : [{ id: 'b', values: wrong }];
  await expect(client.upsert(records)).rejects.toMatchObject(refused);
  await expect(client.query(wrong)).rejects.toMatchObject(refused);
  expect(idsOf(await client.query(EAST))).toEqual(['a']);
});

test.each([
  { fault: 'no characters', id: '' },
  { fault: 'a letter that is not ASCII', id: 'ä' },
  { fault: '513 characters', id: 'x'.repeat(513) },
  { fault: 'a line break', id: 'a\nb' },
])('an id with $fault is refused', async ({ id }) => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  await expect(client.upsert([{ id, values: EAST }])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
});

test('a space that was emptied takes another dimension, and tells it', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  const dimension = (): Promise<unknown> => client.worker.ask({ type: 'vector-dimension', model: VECTOR_SPACE.model });
  expect(await dimension()).toBeNull();
  await client.upsert([{ id: 'a', values: EAST }]);
  expect(await dimension()).toBe(3);
  await client.remove('');
  expect(await dimension()).toBeNull();
  await client.upsert([{ id: 'b', values: unit([1, 2]) }]);
  expect(await dimension()).toBe(2);
  expect(idsOf(await client.query(unit([1, 2])))).toEqual(['b']);
});

test('what was written is there after a clean end, in one file with pages that fit', async () => {
  const directory = temporaryDirectory();
  const client = await VectorsClient.start({ directory });
  await client.upsert([{ id: 'a', values: EAST, metadata: { k: 1 } }]);
  await client.worker.close();
  expect(readdirSync(directory)).toEqual(['vectors.db']);
  const database = openDatabase(`${directory}/vectors.db`, { readOnly: true });
  expect(database.prepare('pragma page_size').get()).toEqual({ page_size: 16_384 });
  database.close();
  const restarted = await VectorsClient.start({ directory });
  expect(idsOf(await restarted.query(EAST, { filter: { k: 1 } }))).toEqual(['a']);
});

test('writes and queries that come together do not mix up: every reply is right', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  const vectors = clusteredVectors(400, 16);
  await Promise.all(
    vectors.map(async (values, index) => {
      await client.upsert([{ id: `v${index}#`, values }]);
      expect((await client.query(values, { topK: 1 }))[0]?.id).toBe(`v${index}#`);
      if (index % 2 === 0) await client.remove(`v${index}#`);
    }),
  );
  expect(await client.count()).toBe(200);
  const left = await client.query(vectors[0] ?? EAST, { topK: 400 });
  expect(new Set(idsOf(left))).toEqual(new Set(vectors.keys().filter((index) => index % 2 === 1).map((index) => `v${index}#`)));
});

test('what is written and deleted while the vectors of before are still read is neither lost nor found twice', async () => {
  const directory = temporaryDirectory();
  const vectors = clusteredVectors(6000, 16);
  const first = await VectorsClient.start({ directory });
  await first.upsert(vectors.map((values, index) => ({ id: `v${index}#`, values })));
  await first.worker.close();
  const client = await VectorsClient.start({ directory });
  const [early = EAST, late = EAST, fresh = EAST] = [vectors[10], vectors[5900], vectors[0]];
  const isEarly = (await client.status()).spaces[0]?.state === 'loading';
  const writes = [client.remove('v10#'), client.remove('v5900#'), client.upsert([{ id: 'v5#', values: fresh }, { id: 'new#', values: fresh }])];
  const hits = client.query(fresh, { topK: 6000 });
  await Promise.all(writes);
  expect(isEarly).toBe(true);
  await hits;
  const found = idsOf(await client.query(fresh, { topK: 6000 }));
  expect([found.length, new Set(found).size]).toEqual([5999, 5999]);
  expect(found.slice(0, 3).toSorted()).toEqual(['new#', 'v0#', 'v5#']);
  for (const removed of [early, late]) {
    const ids = idsOf(await client.query(removed));
    expect(ids.includes('v10#') || ids.includes('v5900#')).toBe(false);
  }
});

test('an event that it does not know ends the worker', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory() });
  await expect(client.worker.ask({ type: 'dance' })).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
});

test('without the native library everything is found by the exact scan, and the status says so', async () => {
  const client = await VectorsClient.start({ directory: temporaryDirectory(), graphFrom: 500, isNativeOff: true });
  const vectors = clusteredVectors(1200, 16);
  await client.upsert(vectors.map((values, index) => ({ id: `v${index}`, values })));
  expect((await client.query(vectors[77] ?? EAST))[0]?.id).toBe('v77');
  expect(await client.status()).toMatchObject({ engine: 'javascript', spaces: [{ state: 'exact', vectors: 1200, dimension: 16 }] });
});
