import { describe, expect, it } from 'vitest';
import { foreignContent, foreignFilter, pineconeFilter, pineconeRecord } from '#src/adapters/vector-index/pinecone-records.ts';
import type { Metadata } from '#src/ports/answer.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { record } from './contract.ts';

const ACCOUNT = 'pinecone/docs';

describe('pineconeRecord', () => {
  it('holds text, title and address under the names that other readers expect', () => {
    const { metadata } = pineconeRecord({ ...record('test-1', [1], { source: 'docs', year: 2020, draft: false }), uri: 'https://example.org/' }, ACCOUNT);
    expect(metadata).toEqual({ text: 'text of test-1', title: 'title of test-1', uri: 'https://example.org/', source: 'docs', year: 2020, draft: false });
  });

  it('holds no null, but the names of the fields that are null', () => {
    const { metadata } = pineconeRecord(record('test-1', [1], { author: null, year: 1 }), ACCOUNT);
    expect(metadata).toEqual({ text: 'text of test-1', title: 'title of test-1', year: 1, null_fields: ['author'] });
  });

  it('moves metadata aside that is named like a field of ours or like an operator', () => {
    const { metadata } = pineconeRecord(record('test-1', [1], { text: 'a', $eq: 'b', _text: 'c', '': 'd' }), ACCOUNT);
    expect(metadata).toEqual({ text: 'text of test-1', title: 'title of test-1', _text: 'a', _$eq: 'b', __text: 'c', _: 'd' });
  });

  it.for(['a', 'é', '🦆', '"\\\n', '\u0001'])('cuts a text of %j to what fits into 40 kB, and no more of it', (unit) => {
    const { metadata = {} } = pineconeRecord({ ...record('test-1', [1]), text: unit.repeat(60_000) }, ACCOUNT);
    const bytes = Buffer.byteLength(JSON.stringify(metadata));
    expect(bytes).toBeLessThanOrEqual(40_000);
    expect(bytes).toBeGreaterThan(39_980);
    expect(String(metadata['text']).isWellFormed()).toBe(true);
  });

  it('cuts a title of great length without half a character', () => {
    const { metadata = {} } = pineconeRecord({ ...record('test-1', [1]), title: `x${'🦆'.repeat(2000)}` }, ACCOUNT);
    expect(String(metadata['title']).isWellFormed()).toBe(true);
  });

  it('refuses metadata above 40 kB as too large, and names the record', () => {
    const large = record('test-1', [1], { note: 'x'.repeat(41_000) });
    expect(() => pineconeRecord(large, ACCOUNT)).toThrow(expect.objectContaining({ failure: 'too_large', message: expect.stringContaining('test-1') }));
    expect(() => pineconeRecord(large, ACCOUNT)).toThrow(ProviderError);
  });
});

describe('pineconeFilter', () => {
  it.for<readonly [Metadata | undefined, object | undefined]>([
    [undefined, undefined],
    [{}, undefined],
    [{ year: 2020 }, { year: { $eq: 2020 } }],
    [{ draft: false }, { draft: { $eq: false } }],
    [{ text: 'a' }, { _text: { $eq: 'a' } }],
    [{ author: null }, { null_fields: { $in: ['author'] } }],
    [{ a: null, b: null, c: 1 }, { $and: [{ null_fields: { $in: ['a'] } }, { null_fields: { $in: ['b'] } }, { c: { $eq: 1 } }] }],
  ])('of %j is %j', ([metadata, filter]) => {
    expect(pineconeFilter(metadata)).toEqual(filter);
  });
});

describe('foreignFilter', () => {
  it('leaves names as they are, and takes null for a field that is not there', () => {
    expect(foreignFilter({ text: 'a', author: null })).toEqual({ $and: [{ text: { $eq: 'a' } }, { author: { $exists: false } }] });
  });
});

describe('foreignContent', () => {
  it('reads the fields that it is told to read', () => {
    const metadata = { body: 'the text', name: 'the title', link: 'https://example.org/', tags: ['a', 'b'], year: 2020 };
    expect(foreignContent('doc-0', metadata, { textField: 'body', titleField: 'name', uriField: 'link' })).toEqual({
      text: 'the text', title: 'the title', uri: 'https://example.org/',
      metadata: { name: 'the title', link: 'https://example.org/', tags: 'a, b', year: 2020 },
    });
  });

  it('takes the id for a title that is not there', () => {
    expect(foreignContent('doc-0', {}, { textField: 'text', titleField: 'title' })).toEqual({ text: '', title: 'doc-0', uri: null, metadata: {} });
  });
});
