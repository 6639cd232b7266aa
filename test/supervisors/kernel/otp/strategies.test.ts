import { describe, expect, test } from 'vitest';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { crashed, NORMAL, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { IGNORE } from '#supervisors/kernel/process.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import type { Strategy, SupervisorFlags } from '#supervisors/kernel/supervisor-flags.ts';
import type { TestChild } from '../../../support/test-child.ts';
import { TestTree } from '../../../support/test-tree.ts';

const BOOM = 'error: Error: boom';

async function bootThree(tree: TestTree, flags: SupervisorFlags): Promise<[TestChild, TestChild, TestChild]> {
  const three: [TestChild, TestChild, TestChild] = [tree.child('a'), tree.child('b'), tree.child('c')];
  await tree.boot({ ...flags, children: three.map((child) => child.spec()) });
  return three;
}

function givesUpAtOnce(child: TestChild) {
  return supervisor({ intensity: 0, children: [child.spec()] });
}

describe('strategy', () => {
  const orders: readonly (readonly [Strategy, readonly string[]])[] = [
    ['one_for_one', ['start b']],
    ['one_for_all', ['stop c', 'stop a', 'start a', 'start b', 'start c']],
    ['rest_for_one', ['stop c', 'start b', 'start c']],
  ];
  test.for(orders)('T80 %s ends and starts in its order when b of a, b, c dies', async ([strategy, order]) => {
    await using tree = new TestTree();
    const [a, b, c] = await bootThree(tree, { strategy });
    const pids = [a.pid, b.pid, c.pid];
    b.current.crash();
    await tree.settled();
    expect(tree.log).toEqual(order);
    const restarted = [a, b, c].filter((child, index) => child.pid !== pids[index]).map(({ id }) => id);
    expect(restarted).toEqual(order.filter((line) => line.startsWith('start')).map((line) => line.slice(6)));
    expect(tree.errors).toEqual([`child_terminated b: ${BOOM}`]);
  });

  test('T68 one_for_all restarts all, and the third failure ends all', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ strategy: 'one_for_all', intensity: 2, periodMs: 3_600_000, children: [a.spec(), b.spec()] });
    for (const failing of [a, b]) {
      const pids = [a.pid, b.pid];
      failing.current.crash();
      await tree.settled();
      expect([a.pid, b.pid]).not.toContain(pids[0]);
      expect([a.pid, b.pid]).not.toContain(pids[1]);
    }
    a.current.crash();
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect([a.live, b.live]).toEqual([[], []]);
  });

  test('T70 one_for_all whose other child once fails to restart ends and starts the first one again', async () => {
    await using tree = new TestTree();
    const [a, b, c] = await bootThree(tree, { strategy: 'one_for_all', intensity: 3 });
    b.failStarts(1);
    a.current.crash();
    await tree.settled();
    expect(tree.log).toEqual(['stop c', 'stop b', 'start a', 'start b', 'stop a', 'start a', 'start b', 'start c']);
    expect([a.starts, b.starts, c.starts]).toEqual([3, 3, 2]);
    expect(tree.errors).toEqual([`child_terminated a: ${BOOM}`, 'start_error b: error: Error: no start']);
  });

  test('T77 rest_for_one whose second child once fails to restart restarts the first one once only', async () => {
    await using tree = new TestTree();
    const [a, b, c] = await bootThree(tree, { strategy: 'rest_for_one', intensity: 3 });
    b.failStarts(1);
    a.current.crash();
    await tree.settled();
    expect([a.starts, b.starts, c.starts]).toEqual([2, 3, 2]);
    expect([a.live.length, b.live.length, c.live.length]).toEqual([1, 1, 1]);
  });

  test.for([['one_for_all', [3, 3, 2]], ['rest_for_one', [1, 3, 2]]] as const)(
    'T79 %s with b that dies and once fails to restart starts a, b, c as often as %j',
    async ([strategy, counts]) => {
      await using tree = new TestTree();
      const [a, b, c] = await bootThree(tree, { strategy, intensity: 3 });
      b.failStarts(1);
      b.current.crash();
      await tree.settled();
      expect([a.starts, b.starts, c.starts]).toEqual(counts);
    },
  );

  test('T79 rest_for_one with a that dies and b that once fails to restart starts a twice, b three times, c twice', async () => {
    await using tree = new TestTree();
    const [a, b, c] = await bootThree(tree, { strategy: 'rest_for_one', intensity: 3 });
    b.failStarts(1);
    a.current.crash();
    await tree.settled();
    expect([a.starts, b.starts, c.starts]).toEqual([2, 3, 2]);
  });

  test('T88 the crash of a temporary child leaves its one_for_all siblings alone', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ strategy: 'one_for_all', children: [a.spec(), b.spec({ restart: 'temporary' })] });
    const { pid } = a;
    b.current.crash();
    await tree.settled();
    expect([a.pid, a.starts, b.starts]).toEqual([pid, 1, 1]);
    expect(tree.story).toEqual([`exit b: ${BOOM}`, `child_terminated b: ${BOOM}`]);
  });

  test('a temporary sibling is ended by a group restart and not started again', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ strategy: 'one_for_all', children: [a.spec(), b.spec({ restart: 'temporary' })] });
    a.current.crash();
    await tree.settled();
    expect([a.starts, b.starts, b.live.length]).toEqual([2, 1, 0]);
    expect((await tree.root.whichChildren()).map(({ id }) => id)).toEqual(['a']);
  });

  test.for(['one_for_all', 'rest_for_one'] as const)('T89 %s starts a sibling again that had been terminated', async (strategy) => {
    await using tree = new TestTree();
    const [a, b, c] = await bootThree(tree, { strategy });
    await tree.root.terminateChild('b');
    a.current.crash();
    await tree.settled();
    expect([a.live.length, b.live.length, c.live.length]).toEqual([1, 1, 1]);
  });

  test('a child that was added later keeps its place at the end', async () => {
    await using tree = new TestTree();
    await bootThree(tree, { strategy: 'one_for_all' });
    const d = tree.child('d');
    await tree.root.startChild(d.spec());
    tree.clearRecords();
    d.current.crash();
    await tree.settled();
    expect(tree.log).toEqual(['stop c', 'stop b', 'stop a', 'start a', 'start b', 'start c', 'start d']);
  });

  test('T95 a restart that declines leaves the child stopped, without another try', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    await tree.boot({ children: [child.spec()] });
    child.script.push(() => IGNORE);
    child.current.crash();
    await tree.clock.advance(60_000);
    expect(child.starts).toBe(2);
    expect(await tree.root.whichChildren()).toEqual([{ id: 'a', pid: undefined, type: 'worker' }]);
  });
});

describe('restart intensity', () => {
  test.for(['one_for_one', 'rest_for_one'] as const)('%s: T67 T76 a restart that keeps failing spends the budget and ends everything', async (strategy) => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ strategy, intensity: 4, children: [a.spec(), b.spec()] });
    const failing = strategy === 'one_for_one' ? a : b;
    failing.failStarts(1000);
    a.current.crash();
    await tree.settled();
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect([a.live, b.live]).toEqual([[], []]);
    expect(failing.starts).toBe(5);
    expect(tree.errors.at(-1)).toBe(`shutdown ${failing.id}: error: MaxRestartIntensity: reached_max_restart_intensity`);
  });

  test('T83 with intensity 0 the first crash ends the supervisor and both reasons are reported', async () => {
    await using tree = new TestTree();
    const [a] = await bootThree(tree, { intensity: 0 });
    const error = new Error('boom');
    a.current.crash(error);
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect(tree.log).toEqual(['stop c', 'stop b']);
    expect(tree.errors).toEqual([`child_terminated a: ${BOOM}`, 'shutdown a: error: MaxRestartIntensity: reached_max_restart_intensity']);
    const last = tree.reports.findLast(({ type }) => type === 'supervisor');
    expect(last).toMatchObject({ reason: { error: { cause: crashed(error) } } });
  });

  test('both ends of the period count', async () => {
    await using tree = new TestTree();
    const [a] = await bootThree(tree, { intensity: 1, periodMs: 1000 });
    a.current.crash();
    await tree.clock.advance(1001);
    a.current.crash();
    await tree.settled();
    expect(a.starts).toBe(3);
    await tree.clock.advance(1000);
    a.current.crash();
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
  });

  test('T85 two children of one_for_all that die together are one restart, counted once', async () => {
    await using tree = new TestTree();
    const [a, b, c] = await bootThree(tree, { strategy: 'one_for_all', intensity: 1 });
    a.current.crash();
    c.current.crash();
    await tree.settled();
    expect(tree.exitReason).toBeUndefined();
    expect([a.starts, b.starts, c.starts]).toEqual([2, 2, 2]);
    expect(tree.errors).toEqual([`child_terminated a: ${BOOM}`, `shutdown_error c: ${BOOM}`]);
  });

  test('T86 two children of one_for_one that die together are two restarts', async () => {
    await using tree = new TestTree();
    const [a, b] = await bootThree(tree, { intensity: 1 });
    a.current.crash();
    b.current.crash();
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
  });

  test('T91 a killed supervisor comes back with its static children, without the added ones, and only its parent counts it', async () => {
    await using tree = new TestTree();
    const [fixed, added, pooled, other] = ['fixed', 'added', 'pooled', 'other'].map((id) => tree.child(id)) as [TestChild, TestChild, TestChild, TestChild];
    const inner = supervisor({ intensity: 0, children: [fixed.spec(), { id: 'pool', name: 'pool', type: 'supervisor', start: dynamicSupervisor() }] });
    await tree.boot({ intensity: 2, children: [other.spec(), { id: 'inner', name: 'inner', type: 'supervisor', start: inner }] });
    await tree.kernel.supervisor('inner').startChild(added.spec());
    await tree.kernel.dynamicSupervisor('pool').startChild(pooled.spec());
    const otherPid = other.pid;

    tree.kernel.kill('inner');
    await tree.settled();
    expect([fixed.starts, added.starts, pooled.starts]).toEqual([2, 1, 1]);
    expect([fixed.live.length, added.live.length, pooled.live.length]).toEqual([1, 0, 0]);
    expect((await tree.kernel.supervisor('inner').whichChildren()).map(({ id }) => id)).toEqual(['pool', 'fixed']);
    expect(other.pid).toBe(otherPid);

    fixed.current.crash();
    await tree.settled();
    expect(fixed.starts).toBe(3);
    fixed.current.crash();
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
  });

  test('T92 a hanging restart loop serves every call, and terminateChild ends it', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ intensity: 1_000_000, children: [a.spec(), b.spec()] });
    a.failStarts(1_000_000);
    a.current.crash();
    await tree.settled();
    const triesBefore = a.starts;
    expect(await tree.root.whichChildren()).toMatchObject([{ id: 'b' }, { id: 'a', pid: 'restarting' }]);
    expect(await tree.root.countChildren()).toMatchObject({ specs: 2, active: 1 });
    expect(await tree.root.restartChild('a')).toEqual({ ok: false, error: { tag: 'restarting' } });
    await tree.settled();
    expect(a.starts).toBeGreaterThan(triesBefore);
    expect(await tree.root.terminateChild('a')).toEqual({ ok: true });
    const tries = a.starts;
    await tree.settled();
    expect(a.starts).toBe(tries);
    expect(b.starts).toBe(1);
  });

  test('T92 a supervisor stops in the middle of a restart loop', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    await tree.boot({ intensity: 1_000_000, children: [child.spec()] });
    child.failStarts(1_000_000);
    child.current.crash();
    await tree.settled();
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    const tries = child.starts;
    await tree.settled();
    expect(child.starts).toBe(tries);
  });

  test('a transient sub-supervisor that gave up is not restarted, a permanent one is', async () => {
    await using tree = new TestTree();
    const [t, p] = [tree.child('t'), tree.child('p')];
    await tree.boot({
      children: [
        { id: 'transient', type: 'supervisor', restart: 'transient', start: givesUpAtOnce(t) },
        { id: 'permanent', type: 'supervisor', start: givesUpAtOnce(p) },
      ],
    });
    t.current.crash();
    p.current.crash();
    await tree.settled();
    expect([t.starts, p.starts]).toEqual([1, 2]);
  });

  test('a transient child that had ended normally is started again by one_for_all', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ strategy: 'one_for_all', children: [a.spec(), b.spec({ restart: 'transient' })] });
    b.current.exit(NORMAL);
    await tree.settled();
    expect(b.starts).toBe(1);
    a.current.crash();
    await tree.settled();
    expect([b.starts, b.live.length]).toEqual([2, 1]);
  });
});
