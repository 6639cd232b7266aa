import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fuseRanks } from '#src/rag/fuse-ranks.ts';

interface Item {
  readonly id: string;
  readonly score: number;
  readonly from: number;
}

function listOf(from: number, ...ids: string[]): Item[] {
  return ids.map((id, at) => ({ id, score: 100 - at, from }));
}

const idsOf = (items: readonly Item[]): string[] => items.map(({ id }) => id);

/** Two or three lists of distinct ids. */
const lists = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 8 }), { minLength: 1, maxLength: 3 }).map((all) => all.map((ids, from) => listOf(from, ...ids)));

describe('fuseRanks', () => {
  test('scores each item by the sum of 1/(60 + rank)', () => {
    const fused = fuseRanks([listOf(0, 'a', 'b'), listOf(1, 'b', 'c')]);
    expect(fused.map(({ id, score }) => [id, score])).toEqual([
      ['b', 1 / 62 + 1 / 61],
      ['a', 1 / 61],
      ['c', 1 / 62],
    ]);
  });

  test('puts what both lists have at their ends before what one of them has at its top', () => {
    const [first, ...others] = [listOf(0, 'a', 'b', 'c', 'x'), listOf(1, 'd', 'e', 'f', 'x')];
    expect(idsOf(fuseRanks([first ?? [], ...others]))[0]).toBe('x');
  });

  test('keeps the order of one list, and nothing of none', () => {
    expect(idsOf(fuseRanks([listOf(0, 'c', 'a', 'b')]))).toEqual(['c', 'a', 'b']);
    expect(fuseRanks<Item>([])).toEqual([]);
    expect(fuseRanks<Item>([[], []])).toEqual([]);
  });

  test('breaks ties by the order of the lists and keeps the item of the earlier one', () => {
    const fused = fuseRanks([listOf(0, 'a', 'b'), listOf(1, 'b', 'a')]);
    expect(fused.map(({ id, from }) => [id, from])).toEqual([['a', 0], ['b', 0]]);
  });

  test('holds every item of every list once, best first, whatever the lists are', () => {
    fc.assert(
      fc.property(lists, (all) => {
        const fused = fuseRanks(all);
        expect(idsOf(fused).toSorted()).toEqual([...new Set(all.flatMap(idsOf))].toSorted());
        expect(fused.map(({ score }) => score)).toEqual(fused.map(({ score }) => score).toSorted((a, b) => b - a));
      }),
    );
  });

  test('never moves an item down for being found by one more list', () => {
    fc.assert(
      fc.property(lists, fc.constantFrom(...'abcdefghij'), (all, id) => {
        const before = idsOf(fuseRanks(all)).indexOf(id);
        const after = idsOf(fuseRanks([...all, listOf(9, id)])).indexOf(id);
        expect(before === -1 || after <= before).toBe(true);
      }),
    );
  });

  test('changes none of the lists', () => {
    const list = Object.freeze(listOf(0, 'a', 'b').map((item) => Object.freeze(item)));
    expect(() => fuseRanks([list, list])).not.toThrow();
  });
});
