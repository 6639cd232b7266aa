import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QdrantEmulator } from '../../../support/emulators/qdrant/qdrant.ts';
import { QDRANT_KEY, startQdrant } from '../../../support/emulators/qdrant/qdrant.ts';

let emulator: QdrantEmulator;

beforeEach(async () => {
  emulator = await startQdrant();
  await call('PUT', '/collections/docs', { vectors: { size: 3, distance: 'Cosine' } });
});
afterEach(async () => emulator.close());

interface Answer {
  readonly status: number;
  readonly body: { readonly result?: unknown; readonly status?: unknown; readonly time?: unknown };
}

async function call(method: string, path: string, body?: unknown, key = QDRANT_KEY): Promise<Answer> {
  const headers = { 'api-key': key, 'content-type': 'application/json' };
  const response = await fetch(`${emulator.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) as Answer['body'] : { status: text } };
}

const UUID = '1b671a64-40d5-491e-99b0-da01ff1f3341';
const points = [
  { id: 1, vector: [1, 0, 0], payload: { kind: 'note', year: 2020, draft: true, tags: ['x', 'y'], owner: { name: 'ä' } } },
  { id: 2, vector: [0, 2, 0], payload: { kind: 'note', year: 2024, draft: false } },
  { id: UUID, vector: [1, 1, 0], payload: { kind: 'paper', year: 2024, nothing: null } },
];

async function fill(): Promise<void> {
  expect(await call('PUT', '/collections/docs/points?wait=true', { points })).toMatchObject({ status: 200, body: { result: { status: 'completed' }, status: 'ok', time: expect.any(Number) } });
}

/** Ids of what a filter selects, in their order. */
async function select(filter: object): Promise<unknown> {
  const { body } = await call('POST', '/collections/docs/points/scroll', { filter, with_payload: false });
  return (body.result as { points: { id: unknown }[] }).points.map(({ id }) => id);
}

describe('collections', () => {
  test('a collection tells its size and distance, and that it exists', async () => {
    expect(await call('GET', '/collections/docs')).toMatchObject({ status: 200, body: { result: { points_count: 0, config: { params: { vectors: { size: 3, distance: 'Cosine' } } } } } });
    expect((await call('GET', '/collections/docs/exists')).body.result).toEqual({ exists: true });
    expect((await call('GET', '/collections/none/exists')).body.result).toEqual({ exists: false });
    expect((await call('GET', '/collections')).body.result).toEqual({ collections: [{ name: 'docs' }] });
  });

  test('a missing collection is 404, one that exists cannot be made again', async () => {
    expect(await call('GET', '/collections/none')).toEqual({ status: 404, body: { status: { error: "Not found: Collection `none` doesn't exist!" }, time: expect.any(Number) } });
    expect(await call('PUT', '/collections/docs', { vectors: { size: 3, distance: 'Dot' } })).toMatchObject({ status: 409 });
  });

  test('a collection is deleted once', async () => {
    expect((await call('DELETE', '/collections/docs')).body.result).toBe(true);
    expect((await call('DELETE', '/collections/docs')).body.result).toBe(false);
  });

  test('a field of the payload is indexed', async () => {
    expect((await call('PUT', '/collections/docs/index?wait=true', { field_name: 'kind', field_schema: 'keyword' })).status).toBe(200);
    expect((await call('GET', '/collections/docs')).body.result).toMatchObject({ payload_schema: { kind: { data_type: 'keyword' } } });
    expect((await call('PUT', '/collections/docs/index', { field_name: 'kind', field_schema: 'word' })).status).toBe(400);
  });
});

describe('points', () => {
  beforeEach(fill);

  test('the nearest come first with their cosine similarity', async () => {
    const { body } = await call('POST', '/collections/docs/points/query', { query: [5, 0, 0], limit: 2, with_payload: ['kind'], with_vector: true });
    expect(body.result).toMatchObject({ points: [
      { id: 1, score: 1, payload: { kind: 'note' }, vector: [1, 0, 0] },
      { id: UUID, score: expect.closeTo(Math.SQRT1_2, 6), payload: { kind: 'paper' } },
    ] });
  });

  test('a query by id does not find the point itself', async () => {
    const { body } = await call('POST', '/collections/docs/points/query', { query: 1, limit: 1 });
    expect(body.result).toEqual({ points: [{ id: UUID, version: 0, score: expect.any(Number) }] });
  });

  test('a point with the same id is replaced, however its UUID is written', async () => {
    await call('PUT', '/collections/docs/points?wait=true', { points: [{ id: UUID.toUpperCase().replaceAll('-', ''), vector: [0, 0, 1] }] });
    expect((await call('POST', '/collections/docs/points', { ids: [UUID], with_vector: true })).body.result).toEqual([{ id: UUID, payload: {}, vector: [0, 0, 1] }]);
    expect(emulator.collections.get('docs')?.points.size).toBe(3);
  });

  test('points are counted and deleted by id and by filter', async () => {
    expect((await call('POST', '/collections/docs/points/count', { exact: true, filter: { must: [{ key: 'year', match: { value: 2024 } }] } })).body.result).toEqual({ count: 2 });
    await call('POST', '/collections/docs/points/delete?wait=true', { points: [1, 99] });
    await call('POST', '/collections/docs/points/delete?wait=true', { filter: { must: [{ key: 'kind', match: { value: 'paper' } }] } });
    expect((await call('POST', '/collections/docs/points/count', {})).body.result).toEqual({ count: 1 });
  });

  test('a scroll goes on where the page before ended', async () => {
    const first = (await call('POST', '/collections/docs/points/scroll', { limit: 2 })).body.result as { points: unknown[]; next_page_offset: unknown };
    expect(first).toMatchObject({ points: [{ id: 1 }, { id: 2 }], next_page_offset: UUID });
    expect((await call('POST', '/collections/docs/points/scroll', { limit: 2, offset: first.next_page_offset })).body.result).toMatchObject({ points: [{ id: UUID }], next_page_offset: null });
  });
});

describe('filters', () => {
  beforeEach(fill);

  test.each([
    [{ must: [{ key: 'kind', match: { value: 'note' } }] }, [1, 2]],
    [{ must: { key: 'draft', match: { value: false } } }, [2]],
    [{ must: [{ key: 'tags', match: { any: ['y', 'z'] } }] }, [1]],
    [{ must: [{ key: 'kind', match: { except: ['note'] } }] }, [UUID]],
    [{ must: [{ key: 'kind', match: { text: 'ape' } }] }, [UUID]],
    [{ must: [{ key: 'year', range: { gt: 2020, lte: 2024 } }] }, [2, UUID]],
    [{ must: [{ key: 'owner.name', match: { value: 'ä' } }] }, [1]],
    [{ must: [{ has_id: [1, UUID] }] }, [1, UUID]],
    [{ must: [{ is_empty: { key: 'draft' } }] }, [UUID]],
    [{ must: [{ is_null: { key: 'nothing' } }] }, [UUID]],
    [{ must_not: [{ key: 'kind', match: { value: 'note' } }] }, [UUID]],
    [{ should: [{ key: 'year', match: { value: 2020 } }, { key: 'kind', match: { value: 'paper' } }] }, [1, UUID]],
    [{ must: [{ should: [{ has_id: [1] }, { has_id: [2] }] }], must_not: [{ has_id: [2] }] }, [1]],
  ])('%j selects exactly what fits', async (filter, ids) => {
    expect(await select(filter)).toEqual(ids);
  });

  test.each([
    [{ must: [{ key: 'kind', match: { like: 'n' } }] }], [{ must: [{ kind: 'note' }] }], [{ all: [] }], [{ must: [{ key: 'year', range: { above: 1 } }] }],
    [{ must: [{ key: 'score', match: { value: 1.5 } }] }],
  ])('%j is refused', async (filter) => {
    expect(await call('POST', '/collections/docs/points/scroll', { filter })).toMatchObject({ status: 400, body: { status: { error: expect.stringMatching(/Format error/) } } });
  });
});

describe('what the real service refuses', () => {
  test.each([
    ['another dimension', { points: [{ id: 1, vector: [1, 2] }] }, 'Wrong input: Vector dimension error: expected dim: 3, got 2'],
    ['an id that is a name', { points: [{ id: 'doc#1', vector: [1, 2, 3] }] }, /not a valid point ID/],
    ['a negative id', { points: [{ id: -1, vector: [1, 2, 3] }] }, /not a valid point ID/],
    ['an unknown field', { points: [{ id: 1, vector: [1, 2, 3], metadata: {} }] }, /unknown field `points\.0\.metadata`/],
    ['no point', { points: [] }, /Empty update request/],
  ])('%s', async (_, body, error) => {
    expect(await call('PUT', '/collections/docs/points?wait=true', body)).toMatchObject({ status: 400, body: { status: { error: expect.stringMatching(error) } } });
    expect(emulator.collections.get('docs')?.points.size).toBe(0);
  });

  test('another dimension is dropped in silence by who does not wait', async () => {
    expect(await call('PUT', '/collections/docs/points', { points: [{ id: 1, vector: [1, 2] }] })).toMatchObject({ status: 200, body: { result: { status: 'acknowledged' } } });
    expect(emulator.collections.get('docs')?.points.size).toBe(0);
  });

  test('a query of another dimension, of a missing collection, on an unknown route', async () => {
    expect((await call('POST', '/collections/docs/points/query', { query: [1] })).status).toBe(400);
    expect((await call('POST', '/collections/none/points/query', { query: [1] })).status).toBe(404);
    expect((await call('POST', '/collections/docs/points/dance', {})).status).toBe(404);
  });

  test('a wrong key', async () => {
    expect((await call('GET', '/collections', undefined, 'wrong')).status).toBe(401);
  });

  test('more than it may, as scripted: 429 with Retry-After', async () => {
    emulator.script({ error: 'throttled' });
    const answer = await fetch(`${emulator.url}/collections`);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  });
});
