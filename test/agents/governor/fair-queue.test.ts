import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallPriority, Queued } from '#agents/governor/fair-queue.ts';
import { FairQueue } from '#agents/governor/fair-queue.ts';

interface Item extends Queued {
  readonly number: number;
}

const PRIORITIES = ['live', 'retry', 'ingest'] as const satisfies readonly CallPriority[];

function fill(items: readonly (readonly [CallPriority, string])[]): FairQueue<Item> {
  const queue = new FairQueue<Item>();
  for (const [number, [priority, owner]] of items.entries()) queue.add({ priority, owner, number });
  return queue;
}

function drain(queue: FairQueue<Item>): readonly Item[] {
  const taken: Item[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
}

const anyItems = fc.array(fc.tuple(fc.constantFrom(...PRIORITIES), fc.constantFrom('a', 'b', 'c', 'd')), { maxLength: 200 });

describe('a fair queue', () => {
  test('serves live before retry before ingest', () => {
    const queue = fill([['ingest', 'a'], ['retry', 'a'], ['live', 'a']]);
    expect(drain(queue).map(({ priority }) => priority)).toEqual(['live', 'retry', 'ingest']);
  });

  test('owners take turns, and what one of them asked first goes first', () => {
    const queue = fill([['live', 'a'], ['live', 'a'], ['live', 'a'], ['live', 'b'], ['live', 'b'], ['live', 'c']]);
    expect(drain(queue).map(({ owner, number }) => `${owner}${number}`)).toEqual(['a0', 'b3', 'c5', 'a1', 'b4', 'a2']);
  });

  test('gives everybody out once, and an owner its own in order', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const taken = drain(fill(items));
        expect(taken.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(items.map((_, number) => number));
        for (const priority of PRIORITIES) {
          for (const owner of ['a', 'b', 'c', 'd']) {
            const numbers = taken.filter((item) => item.priority === priority && item.owner === owner).map(({ number }) => number);
            expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
          }
        }
      }),
    );
  });

  test('among owners with work the turns never differ by more than one', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 12 }), (counts) => {
        const queue = fill(counts.flatMap((count, owner) => Array.from({ length: count }, () => ['live', `o${owner}`] as const)));
        const served = counts.map(() => 0);
        for (let item = queue.take(); item !== undefined; item = queue.take()) {
          const owner = Number(item.owner.slice(1));
          served[owner] = (served[owner] ?? 0) + 1;
          const busy = served.filter((count, index) => count < (counts[index] ?? 0));
          expect(Math.max(0, ...busy) - Math.min(Infinity, ...busy)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test('the lower priorities keep a small share while higher ones never end', () => {
    const queue = new FairQueue<Item>();
    const counts = { live: 0, retry: 0, ingest: 0 };
    for (const priority of PRIORITIES) queue.add({ priority, owner: 'a', number: 0 });
    for (let turn = 0; turn < 1000; turn += 1) {
      const item = queue.take();
      if (item === undefined) throw new Error('the queue is empty');
      counts[item.priority] += 1;
      queue.add(item);
    }
    expect(counts.ingest).toBeGreaterThanOrEqual(45);
    expect(counts.ingest).toBeLessThanOrEqual(55);
    expect(counts.retry).toBeGreaterThanOrEqual(180);
    expect(counts.live).toBeGreaterThanOrEqual(740);
  });

  test('who has left has no turn, and leaving twice changes nothing', () => {
    const queue = new FairQueue<Item>();
    const [first, second] = [0, 1].map((number): Item => ({ priority: 'live', owner: 'a', number }));
    if (first === undefined || second === undefined) throw new Error('two items');
    queue.add(first);
    queue.add(second);
    expect([queue.delete(first), queue.delete(first), queue.size]).toEqual([true, false, 1]);
    expect(drain(queue)).toEqual([second]);
  });

  test('its order is the order of the turns when only one priority waits', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 }), (owners) => {
        const queue = fill(owners.map((owner) => ['live', owner] as const));
        const order = [...queue.inOrder()];
        expect(order).toEqual(drain(queue));
      }),
    );
  });
});
