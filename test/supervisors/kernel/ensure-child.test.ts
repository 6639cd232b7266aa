import { describe, expect, test } from 'vitest';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { TestTree } from '../../support/test-tree.ts';

async function bootPool(tree: TestTree, maxChildren = 2): Promise<void> {
  await tree.boot({ intensity: 5, children: [{ id: 'pool', name: 'pool', type: 'supervisor', start: dynamicSupervisor({ maxChildren }) }] });
}

describe('ensureChild', () => {
  test('starts a child once, however often and how many at a time ask for it', async () => {
    await using tree = new TestTree();
    await bootPool(tree);
    const child = tree.child('a');
    await Promise.all([1, 2, 3].map(() => ensureChild(tree.kernel, 'pool', child.spec())));
    await ensureChild(tree.kernel, 'pool', child.spec());
    expect([child.starts, tree.clock.pendingTimers]).toEqual([1, 0]);
  });

  test('waits for a child that another one is starting', async () => {
    await using tree = new TestTree();
    await bootPool(tree);
    const child = tree.child('a');
    const held = child.holdStart();
    const both = Promise.all([ensureChild(tree.kernel, 'pool', child.spec()), ensureChild(tree.kernel, 'pool', child.spec())]);
    await tree.settled();
    held.release();
    await both;
    expect(child.starts).toBe(1);
  });

  test('waits while its supervisor restarts', async () => {
    await using tree = new TestTree();
    await bootPool(tree);
    const child = tree.child('a');
    tree.kernel.kill('pool');
    await ensureChild(tree.kernel, 'pool', child.spec());
    expect(child.live).toHaveLength(1);
  });

  test('rejects with OVERLOADED where there is no room', async () => {
    await using tree = new TestTree();
    await bootPool(tree, 0);
    await expect(ensureChild(tree.kernel, 'pool', tree.child('a').spec())).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  test('rejects with what the start threw, a fault of the spec with its name', async () => {
    await using tree = new TestTree();
    await bootPool(tree);
    const child = tree.child('a');
    const error = new Error('no start');
    child.failStarts(1, error);
    await expect(ensureChild(tree.kernel, 'pool', child.spec())).rejects.toBe(error);
    await expect(ensureChild(tree.kernel, 'pool', child.spec({ shutdown: -1 }))).rejects.toThrow('invalid_shutdown');
  });

  test('rejects with ACTOR_DOWN when its supervisor is not there, or dies while the child starts', async () => {
    await using tree = new TestTree();
    await bootPool(tree);
    const missing = ensureChild(tree.kernel, 'nowhere', tree.child('a').spec()).catch((error: { code: string }) => error.code);
    await tree.clock.advance(2000);
    expect(await missing).toBe('ACTOR_DOWN');
    const child = tree.child('b');
    child.holdStart();
    const starting = ensureChild(tree.kernel, 'pool', child.spec());
    await tree.settled();
    tree.kernel.kill('pool');
    await expect(starting).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
  });
});
