import { expect, test } from 'vitest';
import { createEmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';
import type { EmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import { vectorId, versionPrefix } from '#src/rag/vector-id.ts';
import { VECTORS_ACTOR } from '#src/store/vectors/events.ts';
import type { VectorsWorkerInput } from '#src/store/vectors/events.ts';
import { worker } from '#supervisors/kernel/handles/worker.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { startTree } from '../../../support/start-tree.ts';
import { temporaryDirectory } from '../../../support/store-directory.ts';
import { clusteredVectors, unit } from '../../../support/vector-examples.ts';

const { signal } = new AbortController();
const EAST = unit([1, 0, 0]);

interface Started {
  readonly kernel: Kernel;
  readonly index: EmbeddedVectorIndex;
  readonly space: VectorSpace;
  /** How often the worker has started. */
  starts(): number;
}

async function start(options: Partial<VectorsWorkerInput> & { readonly heartbeatMs?: number } = {}): Promise<Started> {
  const { heartbeatMs = 5000, ...rest } = options;
  const url = new URL('../../../../src/store/vectors.worker.ts', import.meta.url);
  const input = { directory: temporaryDirectory(), ...rest };
  let starts = 0;
  const { kernel } = await startTree(() => [
    { id: VECTORS_ACTOR, name: VECTORS_ACTOR, start: worker({ url, input, heartbeatMs, onUp: () => void (starts += 1) }) },
  ]);
  const index = createEmbeddedVectorIndex({ link: kernel, model: 'example:model', restartWaitMs: 10_000 });
  return { kernel, index, space: index.space('default', 'default'), starts: () => starts };
}

function record(id: string, values: Float32Array, metadata: VectorRecord['metadata'] = {}): VectorRecord {
  return { id, values, metadata, text: `text of ${id}`, title: 'A title', uri: null };
}

async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const error = await call.then(
    () => new Error('it was no failure'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProviderError)) throw error;
  return error;
}

test('what is written through a space is found, counted and deleted through it', async () => {
  const { index, space } = await start();
  expect(await index.dimension(signal)).toBeUndefined();
  const records = [0, 1, 2].map((position) => record(vectorId('d', 1, position), unit([1, position, 0]), { position }));
  await space.upsert(records, signal);
  await space.upsert([], signal);
  expect(await index.dimension(signal)).toBe(3);
  expect(await space.count(signal)).toBe(3);
  expect((await space.query({ vector: EAST, topK: 2 }, signal)).map(({ id }) => id)).toEqual([vectorId('d', 1, 0), vectorId('d', 1, 1)]);
  expect(await space.query({ vector: EAST, topK: 9, filter: { position: 2 } }, signal)).toEqual([
    { id: vectorId('d', 1, 2), score: expect.closeTo(1 / Math.sqrt(5), 3) },
  ]);
  await space.deleteByPrefix(versionPrefix('d', 1), signal);
  expect(await space.query({ vector: EAST, topK: 2 }, signal)).toEqual([]);
  expect(await space.count(signal)).toBe(0);
});

test('a tenant never finds what another has written', async () => {
  const { index } = await start();
  await index.space('a', 'default').upsert([record('x', EAST)], signal);
  const other = index.space('b', 'default');
  expect(await other.query({ vector: EAST, topK: 5 }, signal)).toEqual([]);
  await other.deleteByPrefix('', signal);
  expect(await index.space('a', 'default').count(signal)).toBe(1);
});

test('vectors that are part of a larger buffer arrive as they are', async () => {
  const { space } = await start();
  const buffer = Float32Array.from([0, 1, 0, 1, 0, 0]);
  await space.upsert([record('north', buffer.subarray(0, 3)), record('east', buffer.subarray(3))], signal);
  expect((await space.query({ vector: buffer.subarray(3), topK: 1 }, signal))[0]).toEqual({ id: 'east', score: expect.closeTo(1, 3) });
});

test.each([
  { fault: 'another dimension', vector: [1, 0], said: /2 dimensions|got 2/ },
  { fault: 'NaN', vector: [1, Number.NaN, 0], said: /NaN/ },
  { fault: 'the zero vector', vector: [0, 0, 0], said: /zero/ },
])('$fault is bad_request, written or asked, and says what is wrong', async ({ vector, said }) => {
  const { space } = await start();
  await space.upsert([record('a', EAST)], signal);
  const wrong = Float32Array.from(vector);
  const calls = [space.upsert([record('b', wrong)], signal), space.query({ vector: wrong, topK: 1 }, signal)];
  for (const call of calls) {
    const error = await failureOf(call);
    expect([error.failure, error.isRetryable, error.account]).toEqual(['bad_request', false, 'embedded/vectors']);
    expect(error.message).toMatch(said);
  }
  expect(await space.count(signal)).toBe(1);
});

test('records of different dimensions in one call are bad_request', async () => {
  const { space } = await start();
  const error = await failureOf(space.upsert([record('a', EAST), record('b', unit([1, 1]))], signal));
  expect([error.failure, error.message]).toEqual(['bad_request', 'embedded/vectors: b: expected 3 dimensions, got 2']);
});

test('an aborted call is aborted at once, one over its time is a timeout, and the reason of a provider passes', async () => {
  const { space } = await start();
  const query = { vector: EAST, topK: 1 };
  expect((await failureOf(space.query(query, AbortSignal.abort()))).failure).toBe('aborted');
  expect((await failureOf(space.query(query, AbortSignal.abort(new DOMException('late', 'TimeoutError'))))).failure).toBe('timeout');
  const reason = new ProviderError('rate_limited', 'x', 'wait');
  expect(await failureOf(space.query(query, AbortSignal.abort(reason)))).toBe(reason);
  const controller = new AbortController();
  const waiting = failureOf(space.query(query, controller.signal));
  controller.abort();
  expect((await waiting).failure).toBe('aborted');
});

test('without its worker the index is unavailable, which may be tried again', async () => {
  const index = createEmbeddedVectorIndex({ link: (await startTree(() => [])).kernel, model: 'example:model', restartWaitMs: 10 });
  const error = await failureOf(index.space('a', 'b').count(signal));
  expect([error.failure, error.isRetryable, error.retryAfterMs]).toEqual(['unavailable', true, 1000]);
});

test('a call that meets a crash of the worker is answered by the next one, and nothing deleted comes back', async () => {
  const { kernel, space, starts } = await start();
  await space.upsert([record('a#1', EAST), record('b#1', EAST)], signal);
  await space.deleteByPrefix('a#', signal);
  kernel.send(VECTORS_ACTOR, { type: 'dance' });
  const found = await space.query({ vector: EAST, topK: 5 }, signal);
  expect(found.map(({ id }) => id)).toEqual(['b#1']);
  expect(starts()).toBe(2);
});

test('the worker keeps a heartbeat of 200 ms while it writes, builds, loads, deletes and answers', async () => {
  const { index, space, kernel, starts } = await start({ heartbeatMs: 200, graphFrom: 5000 });
  const records = clusteredVectors(12_000, 128).map((values, at) => record(`d${at % 50}#${at}`, values));
  for (let at = 0; at < records.length; at += index.batch.maxItems) await space.upsert(records.slice(at, at + index.batch.maxItems), signal);
  const query = { vector: records[0]?.values ?? EAST, topK: 10 };
  for (;;) {
    expect((await space.query(query, signal))[0]?.id).toBe('d0#0');
    if ((await index.status(signal)).spaces[0]?.state === 'ready') break;
  }
  expect(starts()).toBe(1);
  kernel.send(VECTORS_ACTOR, { type: 'dance' });
  expect((await space.query(query, signal))[0]?.id).toBe('d0#0');
  expect((await index.status(signal)).spaces).toMatchObject([{ state: 'ready', vectors: 12_000 }]);
  await space.deleteByPrefix('d', signal);
  expect(await space.count(signal)).toBe(0);
  expect(starts()).toBe(2);
}, 30_000);
