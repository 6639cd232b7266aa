import { describe, expect, it } from 'vitest';
import { filterOf, pointId, pointOf, prefixFilterOf } from '#src/adapters/vector-index/qdrant-points.ts';
import { documentPrefix, vectorId, versionPrefix } from '#src/rag/vector-id.ts';
import { record } from './contract.ts';

const SPACE = { tenant: 'acme', collection: 'docs' };
const SPACE_CONDITIONS = [{ key: 'tenant', match: { value: 'acme' } }, { key: 'collection', match: { value: 'docs' } }];

describe('pointId', () => {
  it('is a UUID, the same for the same record of the same space', () => {
    expect(pointId(SPACE, 'test-1')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(pointId({ ...SPACE }, 'test-1')).toBe(pointId(SPACE, 'test-1'));
  });

  it('is another one for another record, tenant or collection', () => {
    const ids = [pointId(SPACE, 'a'), pointId(SPACE, 'b'), pointId({ ...SPACE, tenant: 'b' }, 'a'), pointId({ ...SPACE, collection: 'b' }, 'a')];
    expect(new Set(ids).size).toBe(4);
  });
});

describe('pointOf', () => {
  it('keeps the id of the record, what begins it, and the metadata to read and to filter by', () => {
    const id = vectorId('a', 3, 7);
    expect(pointOf(SPACE, record(id, [1], { year: 2020, author: null }))).toMatchObject({
      id: pointId(SPACE, id),
      payload: {
        tenant: 'acme', collection: 'docs', id, document: documentPrefix('a'), version: versionPrefix('a', 3),
        text: `text of ${id}`, title: `title of ${id}`, uri: null, metadata: { year: 2020, author: null }, facts: ['["year",2020]', '["author",null]'],
      },
    });
  });
});

describe('filterOf', () => {
  it('always names the tenant and the collection', () => {
    expect(filterOf(SPACE)).toEqual({ must: SPACE_CONDITIONS });
    expect(filterOf(SPACE, { a: 0.1 })).toEqual({ must: [...SPACE_CONDITIONS, { key: 'facts', match: { value: '["a",0.1]' } }] });
  });
});

describe('prefixFilterOf', () => {
  it.for([
    ['', []],
    [documentPrefix('a'), [{ key: 'document', match: { value: documentPrefix('a') } }]],
    [versionPrefix('a', 3), [{ key: 'version', match: { value: versionPrefix('a', 3) } }]],
  ] as const)('of %j needs one condition', ([prefix, conditions]) => {
    expect(prefixFilterOf(SPACE, prefix)).toEqual({ must: [...SPACE_CONDITIONS, ...conditions] });
  });

  it.for(['a', 'a#b', 'a#1#0', 'a#1#0#'])('of %j is none: the ids have to be read', (prefix) => {
    expect(prefixFilterOf(SPACE, prefix)).toBeUndefined();
  });
});
