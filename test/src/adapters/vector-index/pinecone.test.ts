import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPineconeIndex } from '#src/adapters/vector-index/pinecone.ts';
import type { PineconeIndexOptions } from '#src/adapters/vector-index/pinecone.ts';
import type { VectorIndex } from '#src/ports/vector-index.ts';
import { eventually } from '../../../support/eventually.ts';
import { PINECONE_KEY, startPinecone } from '../../../support/emulators/pinecone/pinecone.ts';
import type { PineconeEmulator, PineconeOptions } from '../../../support/emulators/pinecone/pinecone.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { CONTRACT_DIMENSION, describeVectorIndex, query, record, signal, vector } from './contract.ts';
import { describeRemoteVectorIndex, failureOf } from './remote-contract.ts';

const INDEX = 'docs';

scrubEnvironment();

async function start(options: PineconeOptions = {}): Promise<PineconeEmulator> {
  return await startPinecone({ index: { name: INDEX, dimension: CONTRACT_DIMENSION }, ...options });
}

/** By way of the controller, unless `options` name the host. */
function indexAt(url: string, options: Partial<PineconeIndexOptions> = {}): VectorIndex {
  return createPineconeIndex({ index: INDEX, apiKey: PINECONE_KEY, controllerHost: url, ...options });
}

describeVectorIndex('Pinecone', async () => {
  const emulator = await start();
  return { index: indexAt(emulator.url), close: () => emulator.close() };
});

describeVectorIndex('Pinecone that shows its writes late', async () => {
  const emulator = await start({ visibilityDelayMs: 30 });
  return { index: indexAt(emulator.url, { host: emulator.url }), close: () => emulator.close() };
});

describeRemoteVectorIndex('Pinecone', { query: '/query', upsert: '/vectors/upsert' }, async (options) => {
  const emulator = await start(options);
  return {
    index: indexAt(emulator.url), emulator,
    withKey: (apiKey) => indexAt(emulator.url, { apiKey }),
    at: (url) => indexAt(url, { host: url }),
  };
});

describe('createPineconeIndex', () => {
  let emulator: PineconeEmulator;

  beforeEach(async () => {
    emulator = await start();
  });

  afterEach(async () => {
    await emulator.close();
  });

  const paths = () => emulator.requests.map(({ method, path }) => `${method} ${path}`);

  it('asks for the host of the index once', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    for (let n = 0; n < 3; n += 1) await space.query(query([1, 0, 0]), signal());
    expect(paths()).toEqual([`GET /indexes/${INDEX}`, 'POST /query', 'POST /query', 'POST /query']);
  });

  it('asks for no host where one is given', async () => {
    await indexAt('http://127.0.0.1:9', { host: emulator.url }).space('default', 'default').query(query([1, 0, 0]), signal());
    expect(paths()).toEqual(['POST /query']);
  });

  it('asks for the host again once the index is no longer where it was', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    emulator.script({ path: '/query', error: 'not_found' });
    expect((await failureOf(space.query(query([1, 0, 0]), signal()))).failure).toBe('not_found');
    expect(await space.query(query([1, 0, 0]), signal())).toEqual([]);
    expect(paths().filter((path) => path.startsWith('GET'))).toHaveLength(2);
  });

  it('writes and reads the namespace `default` for the default collection of the default tenant', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    await space.upsert([record('doc-0', [1, 0, 0], { source: 'test' })], signal());
    expect(emulator.namespaces.get('default')?.get('doc-0')?.metadata).toEqual({ text: 'text of doc-0', title: 'title of doc-0', source: 'test' });
    expect(await space.query(query([1, 0, 0]), signal())).toMatchObject([{ id: 'doc-0' }]);
    for (const { body } of emulator.requests.filter(({ method }) => method === 'POST')) {
      expect(JSON.parse(body.toString())).toMatchObject({ namespace: 'default' });
    }
  });

  it('asks for neither values nor metadata, which the store has', async () => {
    await indexAt(emulator.url).space('default', 'default').query(query([1, 0, 0], { topK: 3 }), signal());
    expect(JSON.parse(emulator.requests.at(-1)?.body.toString() ?? '')).toMatchObject({ topK: 3, includeMetadata: false, includeValues: false });
  });

  it('deletes a document of 2300 chunks, by pages', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    for (let start = 0; start < 2300; start += 1000) {
      const count = Math.min(1000, 2300 - start);
      await space.upsert(Array.from({ length: count }, (_, n) => record(`a#1#${start + n}`, [1, 0, 0])), signal());
    }
    await space.upsert([record('ab#1#0', [1, 0, 0])], signal());
    await space.deleteByPrefix('a#1#', signal());
    expect([...(emulator.namespaces.get('default')?.keys() ?? [])]).toEqual(['ab#1#0']);
    expect(paths().filter((path) => path.startsWith('POST /vectors/delete'))).toHaveLength(3);
  });

  it('takes a namespace that is gone for one with nothing to delete', async () => {
    const space = indexAt(emulator.url).space('acme', 'docs');
    await space.upsert([record('a#1#0', [1, 0, 0])], signal());
    emulator.script({ path: '/vectors/delete', error: 'not_found' });
    await space.deleteByPrefix('a#', signal());
    emulator.script({ path: '/vectors/list', error: 'not_found' });
    await space.deleteByPrefix('a#', signal());
    expect(paths().filter((path) => path.startsWith('POST /vectors/delete'))).toHaveLength(1);
  });

  it('a write that is counted short is a bad response', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    emulator.script({ path: '/vectors/upsert', status: 200, headers: { 'content-type': 'application/json' }, body: '{"upsertedCount":1}' });
    const error = await failureOf(space.upsert([record('a', [1, 0, 0]), record('b', [1, 0, 0])], signal()));
    expect(error).toMatchObject({ failure: 'bad_response', message: expect.stringContaining('2 records') });
  });

  it('refuses metadata above 40 kB before the wire', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    const error = await failureOf(space.upsert([record('a', [1, 0, 0], { note: 'x'.repeat(50_000) })], signal()));
    expect(error.failure).toBe('too_large');
    expect(emulator.requests).toEqual([]);
  });

  it.for(['list', 'delete'])('an abort ends a deletion that hangs (%s)', async (step) => {
    const space = indexAt(emulator.url).space('default', 'default');
    await space.upsert([record('a#1#0', [1, 0, 0])], signal());
    emulator.script({ path: `/vectors/${step}`, hang: 'connect' });
    const controller = new AbortController();
    const failed = failureOf(space.deleteByPrefix('a#', controller.signal));
    await eventually(() => expect(paths().at(-1)).toContain(`/vectors/${step}`));
    controller.abort();
    expect((await failed).failure).toBe('aborted');
  });

  it('an abort ends the question for the host, and spoils it for nobody else', async () => {
    const space = indexAt(emulator.url).space('default', 'default');
    emulator.script({ path: '/indexes/', hang: 'connect' });
    const controller = new AbortController();
    const failed = failureOf(space.query(query([1, 0, 0]), controller.signal));
    await eventually(() => expect(emulator.requests).toHaveLength(1));
    expect(await space.query(query([1, 0, 0]), signal())).toEqual([]);
    controller.abort();
    expect((await failed).failure).toBe('aborted');
  });

  it('an index that does not exist is not found', async () => {
    const absent = createPineconeIndex({ index: 'absent', apiKey: PINECONE_KEY, controllerHost: emulator.url });
    expect((await failureOf(absent.space('default', 'default').query(query([1, 0, 0]), signal()))).failure).toBe('not_found');
    expect((await failureOf(absent.dimension(signal()))).failure).toBe('not_found');
  });

  it('a vector of another dimension than the index is a bad request', async () => {
    const other = { vector: vector([1, 0, 0], 16), topK: 1 };
    const space = indexAt(emulator.url).space('default', 'default');
    expect((await failureOf(space.query(other, signal()))).failure).toBe('bad_request');
    expect((await failureOf(space.upsert([{ ...record('a', [1]), values: other.vector }], signal()))).failure).toBe('bad_request');
  });

  it.for(['{}', 'null', '[]', '{"host":"","status":{}}', '<html>'])('a controller that answers %s gives a bad response', async (body) => {
    emulator.script({ path: '/indexes/', status: 200, headers: { 'content-type': 'application/json' }, body });
    expect((await failureOf(indexAt(emulator.url).dimension(signal()))).failure).toBe('bad_response');
  });
});

describe('dimension of a Pinecone index', () => {
  it.for(['the controller', 'the host'])('is told by %s', async (teller) => {
    const emulator = await start();
    const index = indexAt(emulator.url, teller === 'the host' ? { host: emulator.url } : {});
    expect(await index.dimension(signal())).toBe(CONTRACT_DIMENSION);
    await emulator.close();
  });

  it.for([
    ['sparse', { vectorType: 'sparse', metric: 'dotproduct' }],
    ['euclidean', { metric: 'euclidean' }],
  ] as const)('of a %s index is a bad request', async ([, description]) => {
    const emulator = await start({ index: { name: INDEX, dimension: CONTRACT_DIMENSION, ...description } });
    for (const index of [indexAt(emulator.url), indexAt(emulator.url, { host: emulator.url })]) {
      expect((await failureOf(index.dimension(signal()))).failure).toBe('bad_request');
    }
    await emulator.close();
  });
});

describe('a Pinecone index that somebody else filled', () => {
  const FOREIGN = { textField: 'body', titleField: 'name', uriField: 'link', namespace: 'test' };
  let emulator: PineconeEmulator;

  beforeEach(async () => {
    emulator = await start();
    const vectors = [
      { id: 'doc-0', values: [...vector([1, 0, 0])], metadata: { body: 'about the BEAM', name: 'BEAM', link: 'https://example.org/beam', source: 'test', tags: ['a', 'b'] } },
      { id: 'doc-1', values: [...vector([0, 1, 0])], metadata: { body: 'about Elixir' } },
    ];
    const headers = { 'api-key': PINECONE_KEY, 'x-pinecone-api-version': '2026-07', 'content-type': 'application/json' };
    await fetch(`${emulator.url}/vectors/upsert`, { method: 'POST', headers, body: JSON.stringify({ vectors, namespace: FOREIGN.namespace }) });
  });

  afterEach(async () => {
    await emulator.close();
  });

  it('gives its texts from the fields that are named, to every tenant', async () => {
    const space = indexAt(emulator.url, { foreign: FOREIGN }).space('acme', 'docs');
    expect(await space.query(query([2, 1, 0], { topK: 2 }), signal())).toEqual([
      { id: 'doc-0', score: expect.closeTo(0.894, 2), foreign: { text: 'about the BEAM', title: 'BEAM', uri: 'https://example.org/beam', metadata: { name: 'BEAM', link: 'https://example.org/beam', source: 'test', tags: 'a, b' } } },
      { id: 'doc-1', score: expect.closeTo(0.447, 2), foreign: { text: 'about Elixir', title: 'doc-1', uri: null, metadata: {} } },
    ]);
    expect(await space.count(signal())).toBe(2);
  });

  it('is filtered by its own fields', async () => {
    const space = indexAt(emulator.url, { foreign: FOREIGN }).space('default', 'default');
    expect(await space.query(query([1, 0, 0], { filter: { source: 'test' } }), signal())).toMatchObject([{ id: 'doc-0' }]);
    expect(await space.query(query([1, 0, 0], { filter: { source: null } }), signal())).toMatchObject([{ id: 'doc-1' }]);
  });

  it('is never written to', async () => {
    const space = indexAt(emulator.url, { foreign: FOREIGN }).space('default', 'default');
    expect((await failureOf(space.upsert([record('doc-0', [1, 0, 0])], signal()))).failure).toBe('bad_request');
    await space.deleteByPrefix('doc-', signal());
    expect(await space.count(signal())).toBe(2);
  });

  it('is read from the default namespace where none is named', async () => {
    const space = indexAt(emulator.url, { foreign: { textField: 'body' } }).space('default', 'default');
    expect(await space.query(query([1, 0, 0]), signal())).toEqual([]);
    expect(await space.count(signal())).toBe(0);
  });
});
