import { describe, expect, it } from 'vitest';
import { boundedTopK, checkedRecords, upsertBytes, wireVector } from '#src/adapters/vector-index/checked-records.ts';
import { pineconeRecord } from '#src/adapters/vector-index/pinecone-records.ts';
import { pointOf } from '#src/adapters/vector-index/qdrant-points.ts';
import { record, vector } from './contract.ts';

const LIMITS = { account: 'provider/docs', maxItems: 10 };

describe('wireVector', () => {
  it('keeps the cosine of 1024 dimensions to within 2e-7', () => {
    const values = vector(Array.from({ length: 1024 }, (_, axis) => Math.sin(axis * 12.9898)), 1024);
    const sent = wireVector(values);
    const product = sent.reduce((sum, component, axis) => sum + component * (values[axis] ?? 0), 0);
    expect(Math.abs(product / (Math.hypot(...sent) * Math.hypot(...values)) - 1)).toBeLessThan(2e-7);
    expect(JSON.stringify(sent).length).toBeLessThan(1024 * 12);
  });
});

describe('upsertBytes', () => {
  it.for(['plain', '"\\\n\u0001', 'ä🦆'])('is never below what %j takes on the wire', (unit) => {
    const large = { ...record(`${'d'.repeat(250)}#${'v'.repeat(250)}#${'1'.repeat(10)}`, Array.from({ length: 64 }, (_, axis) => Math.cos(axis))), text: unit.repeat(500), title: unit.repeat(30), uri: unit, metadata: { [unit]: unit.repeat(80), n: null, b: 0.1 } };
    const sent = [pineconeRecord(large, 'pinecone/docs'), pointOf({ tenant: 'acme', collection: 'docs' }, large)];
    for (const body of sent) expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(upsertBytes(large));
  });
});

describe('checkedRecords', () => {
  it('takes the last of several records with one id', () => {
    const [first, other, last] = [record('a', [1]), record('b', [1]), record('a', [0, 1])];
    expect(checkedRecords([first, other, last], LIMITS)).toEqual([last, other]);
  });

  it('refuses vectors of different lengths', () => {
    const short = { ...record('b', [1]), values: vector([1], 4) };
    expect(() => checkedRecords([record('a', [1]), short], LIMITS)).toThrow('expected a vector of 8 numbers, got: 4');
  });

  it('refuses more records than one request may hold', () => {
    const records = Array.from({ length: 11 }, (_, n) => record(`test-${n}`, [1]));
    expect(() => checkedRecords(records, LIMITS)).toThrow(expect.objectContaining({ failure: 'too_large' }));
  });
});

describe('boundedTopK', () => {
  it.for([[-1, 0], [0, 0], [1.9, 1], [10_000, 10_000], [1e9, 10_000]] as const)('of %d is %d', ([topK, bounded]) => {
    expect(boundedTopK(topK)).toBe(bounded);
  });
});
