import { Pinecone } from '@pinecone-database/pinecone';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { embedText } from '../../../support/emulators/embedding.ts';
import type { PineconeEmulator, PineconeOptions } from '../../../support/emulators/pinecone/pinecone.ts';
import { PINECONE_KEY, startPinecone } from '../../../support/emulators/pinecone/pinecone.ts';

const DIMENSION = 8;
/** The SDK calls every parameter a string, but sends what it is given. */
type EmbedOptions = Parameters<Pinecone['inference']['embed']>[0];

let emulator: PineconeEmulator;

beforeEach(async () => start());
afterEach(async () => emulator.close());

async function start(options: PineconeOptions = {}): Promise<void> {
  emulator = await startPinecone({ ...options, index: { dimension: DIMENSION, ...options.index } });
}

async function restart(options: PineconeOptions): Promise<void> {
  await emulator.close();
  await start(options);
}

function client(apiKey = PINECONE_KEY): Pinecone {
  return new Pinecone({ apiKey, controllerHostUrl: emulator.url, maxRetries: 0 });
}

function index(namespace = 'ns', apiKey = PINECONE_KEY) {
  return client(apiKey).index({ host: emulator.url, namespace });
}

function axis(place: number): number[] {
  return Array.from({ length: DIMENSION }, (_, at) => (at === place ? 1 : 0));
}

const rows = [
  { id: 'a#1', values: axis(0), metadata: { kind: 'note', year: 2020, draft: true, tags: ['x', 'y'] } },
  { id: 'a#2', values: axis(1), metadata: { kind: 'note', year: 2024, draft: false } },
  { id: 'b#1', values: [1, 1, 0, 0, 0, 0, 0, 0], metadata: { kind: 'paper', year: 2024, 'größe': 'ü' } },
];

/** Ids that a filter selects. */
async function select(filter: object): Promise<string[]> {
  const { matches } = await index().query({ vector: axis(0), topK: 10, filter });
  return matches.map(({ id }) => id).sort();
}

describe('records', () => {
  test('what was written is found, nearest first, with its cosine similarity', async () => {
    await index().upsert({ records: rows });
    const { matches } = await index().query({ vector: axis(0), topK: 2, includeMetadata: true, includeValues: true });
    expect(matches).toMatchObject([
      { id: 'a#1', score: 1, values: axis(0), metadata: { kind: 'note' } },
      { id: 'b#1', score: expect.closeTo(Math.SQRT1_2, 6), metadata: { 'größe': 'ü' } },
    ]);
  });

  test('a record with the same id is replaced', async () => {
    await index().upsert({ records: rows });
    await index().upsert({ records: [{ id: 'a#1', values: axis(5) }] });
    const { records } = await index().fetch({ ids: ['a#1', 'missing'] });
    expect(records).toMatchObject({ 'a#1': { values: axis(5) } });
    expect(records['a#1']?.metadata).toBeUndefined();
    expect(Object.keys(records)).toEqual(['a#1']);
  });

  test('namespaces never mix', async () => {
    await index('one').upsert({ records: rows.slice(0, 1) });
    await index('two').upsert({ records: rows.slice(1) });
    expect((await index('one').query({ vector: axis(0), topK: 9 })).matches).toHaveLength(1);
    expect((await index('three').query({ vector: axis(0), topK: 9 })).matches).toEqual([]);
    const stats = await index().describeIndexStats();
    expect(stats).toMatchObject({ dimension: DIMENSION, totalRecordCount: 3, namespaces: { one: { recordCount: 1 }, two: { recordCount: 2 } } });
    expect([...emulator.namespaces.keys()]).toEqual(['one', 'two']);
  });

  test('a write is seen only after the visibility delay', async () => {
    let now = 0;
    await restart({ visibilityDelayMs: 500, nowMs: () => now });
    await index().upsert({ records: rows });
    expect((await index().query({ vector: axis(0), topK: 1 })).matches).toEqual([]);
    now = 500;
    expect((await index().query({ vector: axis(0), topK: 1 })).matches).toHaveLength(1);
    await index().deleteMany({ ids: ['a#1'] });
    expect(emulator.namespaces.get('ns')?.size).toBe(3);
    emulator.settle();
    expect(emulator.namespaces.get('ns')?.size).toBe(2);
  });

  test('an update changes only what it names', async () => {
    await index().upsert({ records: rows });
    await index().update({ id: 'a#1', metadata: { year: 1999 } });
    const { records } = await index().fetch({ ids: ['a#1'] });
    expect(records['a#1']).toMatchObject({ values: axis(0), metadata: { kind: 'note', year: 1999 } });
  });

  test('ids are listed by prefix, in order, a page at a time', async () => {
    const many = Array.from({ length: 250 }, (_, number) => ({ id: `d#${String(number).padStart(3, '0')}`, values: axis(1) }));
    await index().upsert({ records: [...many, ...rows] });
    const seen: (string | undefined)[] = [];
    let paginationToken: string | undefined;
    do {
      const page = await index().listPaginated({ prefix: 'd#', ...(paginationToken === undefined ? {} : { paginationToken }) });
      expect(page.vectors?.length).toBeLessThanOrEqual(100);
      seen.push(...(page.vectors ?? []).map(({ id }) => id));
      paginationToken = page.pagination?.next;
    } while (paginationToken !== undefined);
    expect(seen).toEqual(many.map(({ id }) => id));
  });
});

describe('filters', () => {
  beforeEach(async () => index().upsert({ records: rows }));

  test.each([
    [{ kind: 'note' }, ['a#1', 'a#2']],
    [{ kind: { $eq: 'paper' } }, ['b#1']],
    [{ kind: { $ne: 'note' } }, ['b#1']],
    [{ year: { $gt: 2020 } }, ['a#2', 'b#1']],
    [{ year: { $gte: 2020, $lt: 2024 } }, ['a#1']],
    [{ year: { $lte: 2020 } }, ['a#1']],
    [{ year: { $in: [2020, 1999] } }, ['a#1']],
    [{ year: { $nin: [2020] } }, ['a#2', 'b#1']],
    [{ tags: 'x' }, ['a#1']],
    [{ draft: { $eq: false } }, ['a#2']],
    [{ draft: { $exists: false } }, ['b#1']],
    [{ kind: 'note', year: 2024 }, ['a#2']],
    [{ $or: [{ year: 2020 }, { kind: 'paper' }] }, ['a#1', 'b#1']],
    [{ $and: [{ year: 2024 }, { kind: 'paper' }] }, ['b#1']],
    [{ 'größe': 'ü' }, ['b#1']],
  ])('%j selects exactly what fits', async (filter, ids) => {
    expect(await select(filter)).toEqual(ids);
  });

  test.each([
    [{ year: { $near: 3 } }], [{ year: { $gt: '2020' } }], [{ kind: null }], [{ kind: { $in: 'note' } }], [{ $or: [] }], [{ $not: {} }],
  ])('%j is refused', async (filter) => {
    await expect(select(filter)).rejects.toThrow(/operator|list/);
  });

  test('records are fetched and deleted by filter', async () => {
    const { records } = await index().fetchByMetadata({ filter: { kind: { $eq: 'note' } } });
    expect(Object.keys(records)).toEqual(['a#1', 'a#2']);
    await index().deleteMany({ filter: { kind: { $eq: 'note' } } });
    expect([...(emulator.namespaces.get('ns')?.keys() ?? [])]).toEqual(['b#1']);
  });
});

describe('what the real service refuses', () => {
  const fine = { id: 'x', values: axis(0) };

  test.each([
    ['another dimension', [{ id: 'x', values: [1, 2] }], /Vector dimension 2 does not match the dimension of the index 8/],
    ['a vector of zeros', [{ id: 'x', values: Array.from({ length: 8 }, () => 0) }], /at least one non-zero/],
    ['an id of 513 characters', [{ ...fine, id: 'x'.repeat(513) }], /too long/],
    ['an id that is no ASCII', [{ ...fine, id: 'ü' }], /must be ASCII/],
    ['a null in the metadata', [{ ...fine, metadata: { a: null } }], /got 'null' for field 'a'/],
    ['a nested object', [{ ...fine, metadata: { a: { b: 1 } } }], /list of strings/],
    ['a list of numbers', [{ ...fine, metadata: { a: [1] } }], /list of strings/],
    ['metadata over 40 KB', [{ ...fine, metadata: { a: 'x'.repeat(41_000) } }], /exceeds the limit of 40960 bytes/],
    ['sparse values in a cosine index', [{ ...fine, sparseValues: { indices: [1], values: [1] } }], /does not support sparse/],
    ['1001 records', Array.from({ length: 1001 }, (_, number) => ({ ...fine, id: `${number}` })), /exceeds the limit of 1000/],
  ])('%s', async (_, records, message) => {
    await expect(index().upsert({ records: records as typeof rows })).rejects.toThrow(message);
    expect(emulator.namespaces.size).toBe(0);
  });

  test('a request over 2 MB', async () => {
    const records = Array.from({ length: 100 }, (_, number) => ({ id: `${number}`, values: axis(0), metadata: { text: 'x'.repeat(30_000) } }));
    await expect(index().upsert({ records })).rejects.toThrow(/limit is: 2097152 bytes/);
  });

  test('a result over 4 MB', async () => {
    for (const batch of [0, 1, 2]) {
      const records = Array.from({ length: 50 }, (_, number) => ({ id: `${batch}#${number}`, values: axis(0), metadata: { text: 'x'.repeat(30_000) } }));
      await index().upsert({ records });
    }
    expect((await index().query({ vector: axis(0), topK: 150 })).matches).toHaveLength(150);
    await expect(index().query({ vector: axis(0), topK: 150, includeMetadata: true })).rejects.toThrow(/limit is: 4194304 bytes/);
  });

  test('a query of another dimension', async () => {
    await expect(index().query({ vector: [1], topK: 1 })).rejects.toThrow(/Query vector dimension 1 does not match/);
  });

  test('a wrong key, in plain text', async () => {
    await expect(index('ns', 'wrong').query({ vector: axis(0), topK: 1 })).rejects.toThrow(/rejected/);
    const answer = await fetch(`${emulator.url}/query`, { method: 'POST', headers: { 'api-key': 'wrong' } });
    expect([answer.status, await answer.text()]).toEqual([401, 'Invalid API Key']);
  });

  test('a request without a version, an unknown field, an unknown route', async () => {
    const headers = { 'api-key': PINECONE_KEY, 'x-pinecone-api-version': '2026-07' };
    expect((await fetch(`${emulator.url}/namespaces`, { headers: { 'api-key': PINECONE_KEY } })).status).toBe(400);
    const unknownField = await fetch(`${emulator.url}/query`, { method: 'POST', headers, body: JSON.stringify({ topK: 1, vector: axis(0), top_k: 1 }) });
    expect(unknownField.status).toBe(400);
    expect(await unknownField.json()).toMatchObject({ code: 3, message: expect.stringContaining('top_k'), details: [] });
    expect((await fetch(`${emulator.url}/nothing`, { headers })).status).toBe(404);
  });

  test('to delete from a namespace that nobody has', async () => {
    await expect(index('absent').deleteAll()).rejects.toMatchObject({ name: 'PineconeNotFoundError' });
  });

  test('more than it may, as scripted: 429 with Retry-After', async () => {
    emulator.script({ error: 'throttled', path: '/query' });
    const answer = await fetch(`${emulator.url}/query`, { method: 'POST', body: '{}' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
  });
});

describe('the controller and namespaces', () => {
  test('an index is described with its host, dimension and metric', async () => {
    const description = await client().indexes.describe('rag-docs');
    expect(description).toMatchObject({ name: 'rag-docs', host: emulator.url, dimension: DIMENSION, metric: 'cosine', status: { ready: true, state: 'Ready' } });
    await expect(client().indexes.describe('absent')).rejects.toMatchObject({ name: 'PineconeNotFoundError' });
  });

  test('namespaces are listed, described and deleted', async () => {
    await index('one').upsert({ records: rows });
    await index('two').upsert({ records: rows });
    expect((await index().listNamespaces()).namespaces).toMatchObject([{ name: 'one', recordCount: 3 }, { name: 'two', recordCount: 3 }]);
    await index().deleteNamespace('one');
    await expect(index().describeNamespace('one')).rejects.toMatchObject({ name: 'PineconeNotFoundError' });
  });
});

describe('sparse and integrated indexes', () => {
  test('dense and sparse scores are added in a dotproduct index', async () => {
    await restart({ index: { metric: 'dotproduct' } });
    await index().upsert({ records: [
      { id: 'dense', values: axis(0) },
      { id: 'both', values: axis(0), sparseValues: { indices: [7], values: [2] } },
    ] });
    const { matches } = await index().query({ vector: axis(0), sparseVector: { indices: [7, 9], values: [1, 5] }, topK: 5 });
    expect(matches.map(({ id, score }) => [id, score])).toEqual([['both', 3], ['dense', 1]]);
  });

  test('an index with integrated embedding takes texts and finds them by text', async () => {
    await restart({ index: { dimension: 1024, embed: { model: 'multilingual-e5-large', field: 'chunk' } } });
    await index().upsertRecords({ records: [
      { id: 'r1', chunk: 'Bananas grow in warm places.', kind: 'fruit' },
      { id: 'r2', chunk: 'Computers multiply matrices.', kind: 'machine' },
    ] });
    const { result } = await index().searchRecords({ query: { topK: 2, inputs: { text: 'Where do bananas grow?' } }, fields: ['chunk'] });
    expect(result.hits[0]).toMatchObject({ _id: 'r1', fields: { chunk: 'Bananas grow in warm places.' } });
    await expect(index().upsertRecords({ records: [{ id: 'r3', text: 'in the wrong field' }] })).rejects.toThrow(/no text in its field 'chunk'/);
  });

  test('an index without it refuses texts', async () => {
    await expect(index().upsertRecords({ records: [{ id: 'r1', text: 'x' }] })).rejects.toThrow(/not configured/);
  });
});

describe('inference', () => {
  test('texts are embedded in their order', async () => {
    const inputs = ['warm bananas', 'matrices'];
    const options = { model: 'llama-text-embed-v2', inputs, parameters: { inputType: 'passage', truncate: 'NONE', dimension: 384 } };
    const { data, model, vectorType } = await client().inference.embed(options as unknown as EmbedOptions);
    expect([model, vectorType]).toEqual(['llama-text-embed-v2', 'dense']);
    expect(data).toMatchObject(inputs.map((text) => ({ values: embedText(text, 384) })));
  });

  test.each([
    ['no purpose', { model: 'multilingual-e5-large', inputs: ['x'], parameters: {} }, /input_type/],
    ['97 texts', { model: 'multilingual-e5-large', inputs: Array.from({ length: 97 }, () => 'x'), parameters: { inputType: 'query' } }, /maximum batch size of 96/],
    ['an unknown model', { model: 'none', inputs: ['x'], parameters: { inputType: 'query' } }, /status 404/],
    ['an unknown dimension', { model: 'llama-text-embed-v2', inputs: ['x'], parameters: { inputType: 'query', dimension: 7 } }, /Dimension 7/],
    ['a text too long', { model: 'multilingual-e5-large', inputs: ['word '.repeat(1000)], parameters: { inputType: 'query', truncate: 'NONE' } }, /limit of model/],
  ])('%s is refused', async (_, options, message) => {
    await expect(client().inference.embed(options as unknown as EmbedOptions)).rejects.toThrow(message);
  });

  test('documents are ranked, best first', async () => {
    const documents = ['Computers multiply matrices.', 'Bananas grow in warm places.'];
    const { data } = await client().inference.rerank({ model: 'bge-reranker-v2-m3', query: 'Where do bananas grow?', documents, topN: 2, returnDocuments: false });
    expect(data.map(({ index }) => index)).toEqual([1, 0]);
    expect(data[0]?.score).toBeGreaterThan(data[1]?.score ?? 1);
  });
});
