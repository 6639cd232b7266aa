import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Metadata } from '#src/ports/answer.ts';
import type { VectorIndex, VectorMatch, VectorQuery, VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import { documentPrefix, vectorId, versionPrefix } from '#src/rag/vector-id.ts';
import { eventually } from '../../../support/eventually.ts';

/** Of the vectors of the contract: the index has to be made for it. */
export const CONTRACT_DIMENSION = 8;

/** An index that holds nothing, and how to end what was started for it. */
export interface VectorIndexSubject {
  readonly index: VectorIndex;
  close(): Promise<void>;
}

/** The laws of src/ports/vector-index.ts. Reads are tried again until they hold: an index may be eventually consistent. */
export function describeVectorIndex(name: string, makeIndex: () => Promise<VectorIndexSubject>): void {
  describe(`${name} as a vector index`, () => {
    let subject: VectorIndexSubject;
    let space: VectorSpace;

    beforeEach(async () => {
      subject = await makeIndex();
      space = subject.index.space('default', 'default');
    });

    afterEach(async () => {
      await subject.close();
    });

    describe('what is written', () => {
      it('is found by its own vector, as the best match', async () => {
        await write(space, [record('test-1', [1, 0, 0]), record('test-2', [0, 1, 0])]);
        await eventually(async () => expect(await found(space, [1, 0, 0], { topK: 1 })).toEqual(['test-1']));
      });

      it('is replaced by a record with the same id', async () => {
        await write(space, [record('test-1', [1, 0, 0], { version: 'old' }), record('test-2', [0, 1, 0])]);
        await eventually(async () => expect(await found(space, [1, 0, 0], { topK: 1 })).toEqual(['test-1']));
        await write(space, [record('test-1', [0, 0, 1], { version: 'new' })]);
        await eventually(async () => expect(await found(space, [0, 0, 1], { topK: 1 })).toEqual(['test-1']));
        await eventually(async () => expect(await found(space, [0, 0, 1], { filter: { version: 'old' } })).toEqual([]));
        await eventually(async () => expect(await space.count(signal())).toBe(2));
      });

      it('is the last of several records with one id in one batch', async () => {
        await write(space, [record('test-1', [1, 0, 0], { turn: 1 }), record('test-1', [0, 1, 0], { turn: 2 })]);
        await eventually(async () => expect(await found(space, [0, 1, 0], { filter: { turn: 2 } })).toEqual(['test-1']));
        expect(await space.count(signal())).toBe(1);
      });

      it('may be nothing', async () => {
        await space.upsert([], signal());
        expect(await space.count(signal())).toBe(0);
      });

      it('may be as much as a batch holds', async () => {
        const records = Array.from({ length: 1000 }, (_, position) => record(vectorId('large', 1, position), spread(position), { position }));
        for (let start = 0; start < records.length; start += subject.index.batch.maxItems) {
          await write(space, records.slice(start, start + subject.index.batch.maxItems));
        }
        await eventually(async () => expect(await space.count(signal())).toBe(1000));
        await eventually(async () => expect(await found(space, spread(617), { topK: 1 })).toEqual([vectorId('large', 1, 617)]));
        await space.deleteByPrefix(documentPrefix('large'), signal());
        await eventually(async () => expect(await space.count(signal())).toBe(0));
      });

      it('keeps texts, titles and metadata of any script', async () => {
        const metadata = { Ämter: '東京 🦆', 'ключ': 'значение', quote: '"\\\n' };
        await write(space, [{ ...record('test-1', [1, 0, 0], metadata), text: '🦆'.repeat(20), title: '日本語', uri: 'https://example.org/ä?b=#c' }]);
        for (const [key, value] of Object.entries(metadata)) {
          await eventually(async () => expect(await found(space, [1, 0, 0], { filter: { [key]: value } })).toEqual(['test-1']));
        }
      });

      it('may have a text of 200 kB', async () => {
        await write(space, [{ ...record('test-1', [1, 0, 0], { kind: 'long' }), text: 'é🦆"'.repeat(25_000) }]);
        await eventually(async () => expect(await found(space, [1, 0, 0], { filter: { kind: 'long' } })).toEqual(['test-1']));
      });

      it('lands in full when several write to an index that is new', async () => {
        await Promise.all([1, 2, 3, 4].map((n) => write(space, [record(`test-${n}`, [n, 1, 0])])));
        await eventually(async () => expect(await space.count(signal())).toBe(4));
      });
    });

    describe('a query', () => {
      it('of an empty space finds nothing', async () => {
        expect(await space.query(query([1, 0, 0]), signal())).toEqual([]);
        expect(await space.count(signal())).toBe(0);
      });

      it('finds the nearest first, with their cosine similarity', async () => {
        await write(space, [record('far', [0, 1, 0]), record('near', [4, 3, 0]), record('same', [1, 0, 0]), record('opposite', [-1, 0, 0])]);
        const matches = await eventually(async () => {
          const matches = await space.query(query([1, 0, 0], { topK: 10 }), signal());
          expect(matches.map(({ id }) => id)).toEqual(['same', 'near', 'far', 'opposite']);
          return matches;
        });
        for (const [position, score] of [1, 0.8, 0, -1].entries()) expect(matches[position]?.score).toBeCloseTo(score, 2);
      });

      it('finds no more than topK', async () => {
        await write(space, Array.from({ length: 30 }, (_, n) => record(`test-${n}`, spread(n))));
        await eventually(async () => expect(await space.count(signal())).toBe(30));
        expect(await found(space, spread(3), { topK: 7 })).toHaveLength(7);
        expect(await found(space, spread(3), { topK: 1 })).toEqual(['test-3']);
        expect(await found(space, spread(3), { topK: 100 })).toHaveLength(30);
        expect(await found(space, spread(3), { topK: 0 })).toEqual([]);
      });
    });

    describe('a filter', () => {
      const VALUES: Readonly<Record<string, Metadata[string]>> = {
        word: 'one', digits: '1', whole: 1, broken: 0.1, negative: -2.5, huge: 2 ** 53, yes: true, no: false, none: null, nothing: '', zero: 0,
      };

      it('tells all values from each other, whatever their type', async () => {
        const records = Object.entries(VALUES).map(([id, value]) => record(id, [1, 0, 0], { value }));
        await write(space, [...records, record('absent', [1, 0, 0], { other: 1 })]);
        await eventually(async () => expect(await space.count(signal())).toBe(records.length + 1));
        for (const [id, value] of Object.entries(VALUES)) {
          expect(await found(space, [1, 0, 0], { topK: 50, filter: { value } }), `value ${JSON.stringify(value)}`).toEqual([id]);
        }
      });

      it('wants all of its conditions to hold', async () => {
        await write(space, [record('both', [1, 0, 0], { a: 1, b: null, c: 'x' }), record('one', [1, 0, 0], { a: 1, c: 'x' }), record('other', [1, 0, 0], { a: 2, b: null })]);
        await eventually(async () => expect(await found(space, [1, 0, 0], { filter: { a: 1, b: null, c: 'x' } })).toEqual(['both']));
        expect(await found(space, [1, 0, 0], { filter: { a: 1, b: 'x' } })).toEqual([]);
        expect(await found(space, [1, 0, 0], { filter: {} })).toHaveLength(3);
      });

      it.for(['text', 'title', 'uri', 'id', 'tenant', 'facts', 'null_fields', '_text', '$eq', '_$eq', 'a.b', 'a[0]', 'with space', '"quoted"', '', '_', '__proto__'])(
        'reads a field called %j as any other', async (field) => {
          const metadata = Object.fromEntries([[field, 'wanted']]);
          const others = Object.fromEntries([[field, 'other'], ['wanted', 'wanted']]);
          await write(space, [record('test-1', [1, 0, 0], metadata), record('test-2', [1, 0, 0], others)]);
          await eventually(async () => expect(await found(space, [1, 0, 0], { filter: metadata })).toEqual(['test-1']));
        });

      it('leaves topK matches however many nearer records it drops', async () => {
        const records = Array.from({ length: 60 }, (_, n) => record(`test-${n}`, [60 - n, n, 0], { kind: n < 50 ? 'near' : 'far' }));
        await write(space, records);
        await eventually(async () => expect(await found(space, [1, 0, 0], { topK: 3, filter: { kind: 'far' } })).toEqual(['test-50', 'test-51', 'test-52']));
      });
    });

    describe('spaces', () => {
      it.for([
        ['two tenants', ['acme', 'docs'], ['umbrella', 'docs']],
        ['two collections', ['acme', 'docs'], ['acme', 'mail']],
        ['names that look alike when joined', ['a_b', 'c'], ['a', 'b_c']],
        ['names that differ in case or accents', ['acme', 'Öl'], ['Acme', 'Ol']],
        ['the default and one named like it', ['default', 'default'], ['t', 'default']],
        ['names of great length', ['x'.repeat(300), 'a'], ['x'.repeat(300), 'b']],
      ] as const)('never mix: %s', async ([, one, other]) => {
        const [mine, theirs] = [subject.index.space(one[0], one[1]), subject.index.space(other[0], other[1])];
        await write(mine, [record('shared', [1, 0, 0], { owner: 'mine' }), record('mine', [1, 0, 0])]);
        await write(theirs, [record('shared', [0, 1, 0], { owner: 'theirs' })]);
        await eventually(async () => expect([await mine.count(signal()), await theirs.count(signal())]).toEqual([2, 1]));
        expect(await found(theirs, [1, 0, 0])).toEqual(['shared']);
        expect(await found(mine, [0, 1, 0], { filter: { owner: 'theirs' } })).toEqual([]);
        await mine.deleteByPrefix('', signal());
        await eventually(async () => expect(await mine.count(signal())).toBe(0));
        expect(await found(theirs, [0, 1, 0], { filter: { owner: 'theirs' } })).toEqual(['shared']);
      });
    });

    describe('deleteByPrefix', () => {
      it('removes all versions of one document, or one of them', async () => {
        const ids = [vectorId('a', 1, 0), vectorId('a', 1, 1), vectorId('a', 12, 0), vectorId('b', 1, 0)];
        await write(space, ids.map((id, n) => record(id, spread(n))));
        await eventually(async () => expect(await space.count(signal())).toBe(4));
        await space.deleteByPrefix(versionPrefix('a', 1), signal());
        await eventually(async () => expect((await found(space, [1, 0, 0])).sort()).toEqual(ids.slice(2).sort()));
        await space.deleteByPrefix(documentPrefix('a'), signal());
        await eventually(async () => expect(await found(space, [1, 0, 0])).toEqual([vectorId('b', 1, 0)]));
      });

      it('takes a prefix that ends anywhere in an id', async () => {
        await write(space, ['doc-1#1', 'doc-10#1', 'doc-2#1', 'doc'].map((id, n) => record(id, spread(n))));
        await eventually(async () => expect(await space.count(signal())).toBe(4));
        await space.deleteByPrefix('doc-1#', signal());
        await eventually(async () => expect((await found(space, [1, 0, 0])).sort()).toEqual(['doc', 'doc-10#1', 'doc-2#1']));
        await space.deleteByPrefix('doc-', signal());
        await eventually(async () => expect(await found(space, [1, 0, 0])).toEqual(['doc']));
      });

      it('takes the signs of patterns as they are', async () => {
        await write(space, ['a%#1', 'a_#1', 'ab#1', 'a*#1'].map((id, n) => record(id, spread(n))));
        await eventually(async () => expect(await space.count(signal())).toBe(4));
        await space.deleteByPrefix('a%', signal());
        await space.deleteByPrefix('a_', signal());
        await eventually(async () => expect((await found(space, [1, 0, 0])).sort()).toEqual(['a*#1', 'ab#1']));
      });

      it('of what is not there is no error', async () => {
        await space.deleteByPrefix(documentPrefix('a'), signal());
        await write(space, [record('test-1', [1, 0, 0])]);
        await space.deleteByPrefix(documentPrefix('a'), signal());
        await eventually(async () => expect(await found(space, [1, 0, 0])).toEqual(['test-1']));
      });
    });

    describe('refusals', () => {
      it.for([
        ['too short', vector([1, 0, 0], 4)],
        ['too long', vector([1, 0, 0], 16)],
        ['of no length', new Float32Array(CONTRACT_DIMENSION)],
        ['not finite', new Float32Array(CONTRACT_DIMENSION).fill(Number.NaN)],
      ] as const)('a vector that is %s is a bad request', async ([, values]) => {
        await write(space, [record('test-1', [1, 0, 0])]);
        await expect(space.upsert([{ ...record('test-2', [1, 0, 0]), values }], signal())).rejects.toMatchObject({ failure: 'bad_request' });
        await expect(space.query({ vector: values, topK: 1 }, signal())).rejects.toMatchObject({ failure: 'bad_request' });
      });

      it('a batch with one bad vector writes none of it', async () => {
        const bad = { ...record('bad', [1, 0, 0]), values: new Float32Array(CONTRACT_DIMENSION) };
        await expect(space.upsert([record('good', [1, 0, 0]), bad], signal())).rejects.toMatchObject({ failure: 'bad_request' });
        expect(await space.count(signal())).toBe(0);
      });

      it('an aborted signal ends every call as aborted', async () => {
        const aborted = AbortSignal.abort();
        const calls = [
          space.upsert([record('test-1', [1, 0, 0])], aborted), space.query(query([1, 0, 0]), aborted),
          space.deleteByPrefix('test-', aborted), space.count(aborted), subject.index.dimension(aborted),
        ];
        for (const call of await Promise.allSettled(calls)) expect(call).toMatchObject({ status: 'rejected', reason: { failure: 'aborted' } });
      });
    });

    it('tells the dimension that it was made with', async () => {
      expect([undefined, CONTRACT_DIMENSION]).toContain(await subject.index.dimension(signal()));
      await write(space, [record('test-1', [1, 0, 0])]);
      await eventually(async () => expect(await subject.index.dimension(signal())).toBe(CONTRACT_DIMENSION));
    });

    it('is named after its provider', () => {
      expect(subject.index.id).toMatch(/^[a-z]+:./);
      expect(subject.index.account).toMatch(/^[a-z]+\/./);
    });
  });
}

/** A record whose vector points along the first given axes. */
export function record(id: string, axes: readonly number[], metadata: Metadata = {}): VectorRecord {
  return { id, values: vector(axes), metadata, text: `text of ${id}`, title: `title of ${id}`, uri: null };
}

/** Of unit length; axes that are not given are zero. */
export function vector(axes: readonly number[], dimension = CONTRACT_DIMENSION): Float32Array {
  const length = Math.hypot(...axes);
  return Float32Array.from({ length: dimension }, (_, axis) => (axes[axis] ?? 0) / length);
}

export function query(axes: readonly number[], options: Partial<VectorQuery> = {}): VectorQuery {
  return { vector: vector(axes), topK: 10, ...options };
}

/** A deadline that ends a test whose index hangs. */
export function signal(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

/** A direction of its own for each number, far enough from the others for half precision. */
function spread(n: number): readonly number[] {
  return Array.from({ length: CONTRACT_DIMENSION }, (_, axis) => {
    const bits = Math.imul((n + 1) * CONTRACT_DIMENSION + axis, 0x9e3779b1);
    return Math.imul(bits ^ (bits >>> 15), 0x85ebca6b) / 2 ** 31;
  });
}

async function write(space: VectorSpace, records: readonly VectorRecord[]): Promise<void> {
  await space.upsert(records, signal());
}

async function found(space: VectorSpace, axes: readonly number[], options: Partial<VectorQuery> = {}): Promise<string[]> {
  const matches: readonly VectorMatch[] = await space.query(query(axes, options), signal());
  return matches.map(({ id }) => id);
}
