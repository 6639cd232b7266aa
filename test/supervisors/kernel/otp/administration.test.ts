import { describe, expect, test } from 'vitest';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { IGNORE } from '#supervisors/kernel/process.ts';
import { collectGarbage } from '../../../support/collect-garbage.ts';
import type { TestChild } from '../../../support/test-child.ts';
import { TestTree } from '../../../support/test-tree.ts';

async function withChild(tree: TestTree): Promise<TestChild> {
  const child = tree.child('a');
  await tree.boot({ intensity: 1_000_000, children: [child.spec()] });
  return child;
}

/** A child whose restarts keep failing, looked at between two tries: the back-off waits on simulated time. */
async function withRestartingChild(tree: TestTree): Promise<TestChild> {
  const child = tree.child('a');
  await tree.boot({ intensity: 1_000_000, children: [child.spec({ backoff: { initialMs: 100, maxMs: 100 } })] });
  child.failStarts(1_000_000);
  child.current.crash();
  await tree.settled();
  return child;
}

describe('SupervisorApi', () => {
  test('T22 startChild with the id of a running child is already_started, with its pid', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    expect(await tree.root.startChild(child.spec())).toEqual({ ok: false, error: { tag: 'already_started', pid: child.pid } });
    expect(child.starts).toBe(1);
  });

  test('T23 startChild with the id of a terminated child is already_present', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    await tree.root.terminateChild('a');
    expect(await tree.root.startChild(child.spec())).toEqual({ ok: false, error: { tag: 'already_present' } });
    expect(child.starts).toBe(1);
  });

  test('T25 restartChild of a running child is refused', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    expect(await tree.root.restartChild('a')).toEqual({ ok: false, error: { tag: 'running' } });
    expect(await tree.root.deleteChild('a')).toEqual({ ok: false, error: { tag: 'running' } });
    expect(child.starts).toBe(1);
  });

  test('T26 terminateChild of a terminated child is ok', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    expect(await tree.root.terminateChild('a')).toEqual({ ok: true });
    expect(await tree.root.terminateChild('a')).toEqual({ ok: true });
    expect(child.live).toEqual([]);
    expect(await tree.root.whichChildren()).toEqual([{ id: 'a', pid: undefined, type: 'worker' }]);
  });

  test('a terminated child runs again after restartChild, with a new pid', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    const before = child.pid;
    await tree.root.terminateChild('a');
    expect(await tree.root.restartChild('a')).toEqual({ ok: true, pid: child.pid });
    expect(child.pid).not.toBe(before);
  });

  test('restartChild of a child that now declines is ok without a pid', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    await tree.root.terminateChild('a');
    child.script.push(() => IGNORE);
    expect(await tree.root.restartChild('a')).toEqual({ ok: true, pid: undefined });
  });

  test('T10 restartChild of a child that fails to start answers with the reason and keeps it stopped', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    await tree.root.terminateChild('a');
    const reason = new Error('no start');
    child.failStarts(1, reason);
    expect(await tree.root.restartChild('a')).toEqual({ ok: false, error: { tag: 'start_failed', reason } });
    await tree.settled();
    expect(await tree.root.whichChildren()).toEqual([{ id: 'a', pid: undefined, type: 'worker' }]);
    expect(child.starts).toBe(2);
  });

  test('T28 a deleted child is not found any more', async () => {
    await using tree = new TestTree();
    await withChild(tree);
    await tree.root.terminateChild('a');
    expect(await tree.root.deleteChild('a')).toEqual({ ok: true });
    const { root } = tree;
    const again = [await root.deleteChild('a'), await root.terminateChild('a'), await root.restartChild('a')];
    expect(again).toEqual(Array.from({ length: 3 }, () => ({ ok: false, error: { tag: 'not_found' } })));
  });

  test('T29 every call to a dead supervisor rejects with ACTOR_DOWN', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    const { root } = tree;
    tree.kernel.kill('root');
    const calls = [
      root.startChild(child.spec()), root.terminateChild('a'), root.restartChild('a'), root.deleteChild('a'),
      root.whichChildren(), root.countChildren(), root.getChildSpec('a'),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
    expect(() => tree.root).toThrow(expect.objectContaining({ code: 'ACTOR_DOWN' }));
  });

  test('T29 every call to a dead dynamic supervisor rejects with ACTOR_DOWN', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const { pool } = tree;
    tree.kernel.kill('root');
    const calls = [pool.startChild(tree.child('a').spec()), pool.terminateChild(1), pool.whichChildren(), pool.countChildren()];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
  });

  test('T35 terminated children keep their place in the counts, by their types', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    const pool = { id: 'pool', type: 'supervisor', start: dynamicSupervisor() } as const;
    await tree.boot({ children: [a.spec(), pool, b.spec()] });
    expect(await tree.root.countChildren()).toEqual({ specs: 3, active: 3, supervisors: 1, workers: 2 });
    for (const id of ['a', 'pool', 'b']) await tree.root.terminateChild(id);
    expect(await tree.root.countChildren()).toEqual({ specs: 3, active: 0, supervisors: 1, workers: 2 });
  });

  test('T37 a child whose restart keeps failing is listed as restarting and is not active', async () => {
    await using tree = new TestTree();
    await withRestartingChild(tree);
    await tree.clock.advance(1000);
    expect(await tree.root.whichChildren()).toEqual([{ id: 'a', pid: 'restarting', type: 'worker' }]);
    expect(await tree.root.countChildren()).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
    expect(tree.kernel.tree()?.children).toMatchObject([{ id: 'a', pid: 'restarting', status: 'restarting' }]);
  });

  test('T38 of a restarting child only its termination is granted', async () => {
    await using tree = new TestTree();
    const child = await withRestartingChild(tree);
    const { root } = tree;
    expect(await root.startChild(child.spec())).toEqual({ ok: false, error: { tag: 'already_present' } });
    expect(await root.restartChild('a')).toEqual({ ok: false, error: { tag: 'restarting' } });
    expect(await root.deleteChild('a')).toEqual({ ok: false, error: { tag: 'restarting' } });
    expect(await root.terminateChild('a')).toEqual({ ok: true });
    const { starts } = child;
    await tree.clock.advance(10_000);
    expect(child.starts).toBe(starts);
  });

  test('T40 getChildSpec gives the spec with its defaults filled in, undefined for who is not there', async () => {
    await using tree = new TestTree();
    const child = await withChild(tree);
    expect(await tree.root.getChildSpec('a')).toMatchObject({ id: 'a', restart: 'permanent', shutdown: 5000, type: 'worker', significant: false });
    expect(await tree.root.getChildSpec(String(child.pid))).toBeUndefined();
    expect(await tree.root.getChildSpec('b')).toBeUndefined();
  });

  test('whichChildren lists the newest first', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [tree.child('a').spec(), tree.child('b').spec()] });
    await tree.root.startChild(tree.child('c').spec());
    expect((await tree.root.whichChildren()).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });

  test('T41 what the start function of a temporary child holds is not kept', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const held = await startHoldingChild(tree, 'x');
    await expectCollected(held);
    expect(await tree.root.countChildren()).toMatchObject({ active: 1 });
  });

  test('T43 stopping many children takes time in proportion to their number', async () => {
    const few = await startAndStop(300);
    const many = await startAndStop(3000);
    expect(many / few).toBeLessThan(60);
  });
});

async function startHoldingChild(tree: TestTree, id: string): Promise<WeakRef<object>> {
  const large = { bytes: new Uint8Array(1_000_000) };
  const child = tree.child(id);
  await tree.root.startChild({
    id,
    restart: 'temporary',
    start: (context) => (large.bytes.length > 0 ? child.start(context) : IGNORE),
  });
  return new WeakRef(large);
}

async function expectCollected(held: WeakRef<object>): Promise<void> {
  await collectGarbage(() => held.deref() === undefined);
  expect(held.deref()).toBeUndefined();
}

/** CPU milliseconds of stopping `count` static children one by one. */
async function startAndStop(count: number): Promise<number> {
  await using tree = new TestTree();
  const ids = Array.from({ length: count }, (_, index) => `child-${index}`);
  const child = tree.child('any');
  await tree.boot({ children: [] });
  const before = process.cpuUsage();
  for (const id of ids) await tree.root.startChild({ id, start: child.start });
  for (const id of ids) await tree.root.terminateChild(id);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
