import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createQdrantIndex } from '#src/adapters/vector-index/qdrant.ts';
import type { QdrantOptions } from '#src/adapters/vector-index/qdrant.ts';
import type { VectorIndex } from '#src/ports/vector-index.ts';
import { vectorId } from '#src/rag/vector-id.ts';
import { eventually } from '../../../support/eventually.ts';
import { QDRANT_KEY, startQdrant } from '../../../support/emulators/qdrant/qdrant.ts';
import type { QdrantEmulator } from '../../../support/emulators/qdrant/qdrant.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { CONTRACT_DIMENSION, describeVectorIndex, query, record, signal } from './contract.ts';
import { describeRemoteVectorIndex, failureOf } from './remote-contract.ts';

const COLLECTION = 'documents';

scrubEnvironment();

function indexAt(url: string, options: Partial<QdrantOptions> = {}): VectorIndex {
  return createQdrantIndex({ url, collection: COLLECTION, apiKey: QDRANT_KEY, dimension: CONTRACT_DIMENSION, ...options });
}

describeVectorIndex('Qdrant', async () => {
  const emulator = await startQdrant();
  return { index: indexAt(emulator.url), close: () => emulator.close() };
});

describeRemoteVectorIndex('Qdrant', { query: '/points/query', upsert: '/points?' }, async (options) => {
  const emulator = await startQdrant(options);
  return { index: indexAt(emulator.url), emulator, withKey: (apiKey) => indexAt(emulator.url, { apiKey }), at: (url) => indexAt(url) };
});

describe('createQdrantIndex', () => {
  let emulator: QdrantEmulator;

  beforeEach(async () => {
    emulator = await startQdrant();
  });

  afterEach(async () => {
    await emulator.close();
  });

  const paths = () => emulator.requests.map(({ method, path }) => `${method} ${path}`);

  /** As an operator would: outside of the adapter. */
  async function ask(method: string, path: string, body?: object): Promise<Response> {
    const headers = { 'api-key': QDRANT_KEY, 'content-type': 'application/json' };
    return await fetch(`${emulator.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  it('makes the collection, with an index for each field that it filters by, once', async () => {
    const index = indexAt(emulator.url);
    expect(await index.dimension(signal())).toBeUndefined();
    for (let n = 0; n < 3; n += 1) await index.space('default', 'default').upsert([record(`test-${n}`, [1, 0, 0])], signal());
    expect(paths().filter((path) => path === `PUT /collections/${COLLECTION}`)).toHaveLength(1);
    const fields = emulator.requests.filter(({ path }) => path.includes('/index')).map(({ body }): unknown => JSON.parse(body.toString()));
    expect(fields).toEqual(['tenant', 'collection', 'document', 'version', 'facts'].map((field) => ({ field_name: field, field_schema: 'keyword' })));
    expect(await index.dimension(signal())).toBe(CONTRACT_DIMENSION);
  });

  it('makes no collection for a question or a deletion', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    expect(await space.query(query([1, 0, 0]), signal())).toEqual([]);
    expect(await space.count(signal())).toBe(0);
    await space.deleteByPrefix('a#', signal());
    await space.deleteByPrefix('a', signal());
    expect(paths().filter((path) => path.startsWith('PUT'))).toEqual([]);
  });

  it('makes the collection again when somebody has dropped it', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    await space.upsert([record('test-1', [1, 0, 0])], signal());
    await ask('DELETE', `/collections/${COLLECTION}`);
    await space.upsert([record('test-2', [1, 0, 0])], signal());
    expect(await space.query(query([1, 0, 0]), signal())).toMatchObject([{ id: 'test-2' }]);
  });

  it('takes a collection that another process has just made', async () => {
    const indexes = [1, 2, 3, 4].map(() => indexAt(emulator.url));
    await Promise.all(indexes.map((index, n) => index.space('default', 'default').upsert([record(`test-${n}`, [1, 0, 0])], signal())));
    expect(await indexes[0]?.space('default', 'default').count(signal())).toBe(4);
  });

  it('goes on making the collection where it was interrupted', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    for (const path of [`/${COLLECTION}`, '/index', '/points?']) {
      emulator.script({ path, error: 'internal' });
      expect((await failureOf(space.upsert([record('test-1', [1, 0, 0])], signal()))).failure).toBe('unavailable');
    }
    await space.upsert([record('test-1', [1, 0, 0])], signal());
    expect(paths().filter((path) => path === `PUT /collections/${COLLECTION}`)).toHaveLength(1);
    expect(paths().filter((path) => path.includes('/index'))).toHaveLength(6);
  });

  it('a collection of another dimension is a bad request that says both', async () => {
    await ask('PUT', `/collections/${COLLECTION}`, { vectors: { size: 384, distance: 'Cosine' } });
    const index = indexAt(emulator.url);
    expect(await index.dimension(signal())).toBe(384);
    const error = await failureOf(index.space('default', 'default').upsert([record('test-1', [1, 0, 0])], signal()));
    expect(error).toMatchObject({ failure: 'bad_request', message: expect.stringMatching(/8 dimensions, got: 384/) });
    expect((await failureOf(index.space('default', 'default').query(query([1, 0, 0]), signal()))).failure).toBe('bad_request');
  });

  it.for([
    ['a distance in which less is nearer', { size: CONTRACT_DIMENSION, distance: 'Euclid' }],
    ['named vectors', { dense: { size: CONTRACT_DIMENSION, distance: 'Cosine' } }],
  ] as const)('a collection with %s is a bad request', async ([, vectors]) => {
    const config = JSON.stringify({ result: { config: { params: { vectors } } } });
    emulator.script({ path: '/collections/', status: 200, body: config });
    expect((await failureOf(indexAt(emulator.url).dimension(signal()))).failure).toBe('bad_request');
  });

  it('a 404 that is not of Qdrant is no empty collection', async () => {
    emulator.script({ path: '/points/query', status: 404, body: 'no such page' });
    expect((await failureOf(indexAt(emulator.url).space('default', 'default').query(query([1, 0, 0]), signal()))).failure).toBe('not_found');
  });

  it('asks only for the ids of what it finds', async () => {
    await indexAt(emulator.url).space('acme', 'docs').query(query([1, 0, 0], { topK: 3, filter: { year: 2020 } }), signal());
    expect(JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '')).toMatchObject({
      limit: 3, with_payload: ['id'],
      filter: { must: [{ key: 'tenant', match: { value: 'acme' } }, { key: 'collection', match: { value: 'docs' } }, { key: 'facts', match: { value: '["year",2020]' } }] },
    });
  });

  it('deletes a document by one request', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    await space.upsert(Array.from({ length: 1000 }, (_, n) => record(vectorId('a', 1, n), [1, 0, 0])), signal());
    const before = emulator.requests.length;
    await space.deleteByPrefix(`${vectorId('a', 1, 0).split('#')[0]}#`, signal());
    expect(paths().slice(before)).toEqual([`POST /collections/${COLLECTION}/points/delete?wait=true`]);
    expect(await space.count(signal())).toBe(0);
  });

  it('reads the ids of 2300 points by pages for a prefix that ends within a part', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    for (const part of ['a', 'b', 'c']) await space.upsert(Array.from({ length: 767 }, (_, n) => record(`${part}${n}`, [1, 0, 0])), signal());
    await space.deleteByPrefix('b', signal());
    expect(await space.count(signal())).toBe(1534);
    expect(paths().filter((path) => path.includes('/scroll'))).toHaveLength(3);
  });

  it('needs no key where the server has none', async () => {
    const open = createQdrantIndex({ url: `${emulator.url}/`, collection: 'a b/c', dimension: CONTRACT_DIMENSION });
    expect((await failureOf(open.dimension(signal()))).failure).toBe('auth');
    expect(emulator.requests.at(-1)).toMatchObject({ path: '/collections/a b/c', rawPath: '/collections/a%20b%2Fc' });
    expect(emulator.requests.at(-1)?.headers).not.toHaveProperty('api-key');
  });

  it('a write that is not completed is a bad response', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    emulator.script({ path: '/points?', status: 200, body: '{"result":{"operation_id":1,"status":"clock_rejected"},"status":"ok"}' });
    expect((await failureOf(space.upsert([record('test-1', [1, 0, 0])], signal()))).failure).toBe('bad_response');
  });

  it.for(['{"result":{"points":[{"id":1,"score":1,"payload":{}}]}}', '{"result":{"points":[{"id":1,"score":"1","payload":{"id":"a"}}]}}', '{"result":{"points":{}}}'])(
    'points that make no sense are a bad response: %s', async (body) => {
      emulator.script({ path: '/points/query', status: 200, body });
      expect((await failureOf(indexAt(emulator.url).space('default', 'default').query(query([1, 0, 0]), signal()))).failure).toBe('bad_response');
    });

  it('an abort ends the making of a collection that hangs', async () => {
    const controller = new AbortController();
    emulator.script({ path: `/collections/${COLLECTION}`, hang: 'connect' });
    const failed = failureOf(indexAt(emulator.url).space('default', 'default').upsert([record('test-1', [1, 0, 0])], controller.signal));
    await eventually(() => expect(emulator.requests).toHaveLength(1));
    controller.abort();
    expect((await failed).failure).toBe('aborted');
  });
});
