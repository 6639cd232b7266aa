import { describe, expect, test } from 'vitest';
import type { Restart, Shutdown } from '#supervisors/kernel/child-spec.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import { crashed, KILLED, NORMAL, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { TestTree } from '../../../support/test-tree.ts';

const DETAILED: ExitReason = { kind: 'shutdown', detail: 'done' };
const OTHER = crashed(new Error('other'));

describe('stop of a supervisor', () => {
  test('T44 a child with an infinite shutdown, worker or supervisor, is waited for', async () => {
    await using tree = new TestTree();
    const [worker, inner] = [tree.child('worker', { onShutdown: 'stuck' }), tree.child('inner', { onShutdown: 'stuck' })];
    const children = [inner.spec({ shutdown: 'infinity' })];
    const nested = { id: 'nested', type: 'supervisor', start: supervisor({ children }) } as const;
    await tree.boot({ children: [worker.spec({ shutdown: 'infinity' }), nested] });
    const stopped = tree.kernel.stop();
    await tree.clock.advance(3_600_000);
    expect(tree.log).toEqual(['stop inner']);
    inner.current.exit(SHUTDOWN);
    await tree.clock.advance(3_600_000);
    expect(tree.log).toEqual(['stop inner', 'stop worker']);
    worker.current.exit(SHUTDOWN);
    expect(await stopped).toEqual(SHUTDOWN);
    expect(tree.errors).toEqual([]);
  });

  test('children end in reverse order, each when the one after it has ended', async () => {
    await using tree = new TestTree();
    const [a, b, c] = [tree.child('a'), tree.child('b', { onShutdown: 'stuck' }), tree.child('c')];
    await tree.boot({ children: [a.spec(), b.spec({ shutdown: 100 }), c.spec()] });
    const stopped = tree.kernel.stop();
    await tree.clock.advance(99);
    expect(tree.log).toEqual(['stop c', 'stop b']);
    await tree.clock.advance(1);
    await stopped;
    expect(tree.log).toEqual(['stop c', 'stop b', 'kill b', 'stop a']);
    expect(tree.errors).toEqual(['shutdown_error b: killed']);
  });

  test('stuck children of a static supervisor take the sum of their times', async () => {
    await using tree = new TestTree();
    const stuck = ['a', 'b', 'c'].map((id) => tree.child(id, { onShutdown: 'stuck' }));
    await tree.boot({ children: stuck.map((child) => child.spec({ shutdown: 100 })) });
    void tree.kernel.stop();
    await tree.clock.advance(299);
    expect(tree.exitReason).toBeUndefined();
    await tree.clock.advance(1);
    expect(tree.exitReason).toEqual(SHUTDOWN);
  });

  test('T46 stuck children of a dynamic supervisor take the longest of their times, obedient ones none', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const obedient = Array.from({ length: 5 }, () => tree.child('obedient'));
    const stuck = Array.from({ length: 5 }, () => tree.child('stuck', { onShutdown: 'stuck' }));
    for (const child of [...obedient, ...stuck]) await tree.pool.startChild({ id: child.id, start: child.start, shutdown: 1000 });
    tree.clearRecords();
    void tree.kernel.stop();
    await tree.clock.advance(999);
    expect(obedient.every((child) => child.live.length === 0)).toBe(true);
    expect(stuck.every((child) => child.live.length === 1)).toBe(true);
    await tree.clock.advance(1);
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect(tree.reports.filter(({ type }) => type === 'supervisor')).toMatchObject([
      { context: 'shutdown_error', reason: KILLED, offender: { id: 'stuck', childCount: 5 } },
    ]);
  });

  test.for(['static', 'dynamic'] as const)('T47 brutal_kill in a %s supervisor kills without asking and reports no error', async (kind) => {
    await using tree = new TestTree();
    const child = tree.child('a', { onShutdown: 'stuck' });
    const spec = child.spec({ shutdown: 'brutal_kill' });
    await tree.boot(kind === 'static' ? supervisor({ children: [spec] }) : dynamicSupervisor());
    if (kind === 'dynamic') await tree.pool.startChild(spec);
    tree.clearRecords();
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect(tree.log).toEqual(['kill a']);
    expect(tree.story).toEqual(['exit a: killed']);
  });

  test('T50 children of a dynamic supervisor end side by side', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const children = ['fast', 'fast too', 'slow'].map((id) => tree.child(id, { onShutdown: 'stuck' }));
    for (const child of children) await tree.pool.startChild(child.spec({ shutdown: 2000 }));
    const [fast, fastToo] = children;
    void tree.kernel.stop();
    await tree.clock.advance(1000);
    fast?.current.exit(SHUTDOWN);
    fastToo?.current.exit(SHUTDOWN);
    await tree.clock.advance(999);
    expect(tree.exitReason).toBeUndefined();
    await tree.clock.advance(1);
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect(tree.errors).toEqual(['shutdown_error slow: killed']);
  });

  test('T53 terminateChild returns within the shutdown time of a child that does not answer', async () => {
    await using tree = new TestTree();
    const [child, sibling] = [tree.child('a', { onShutdown: 'stuck' }), tree.child('b')];
    await tree.boot({ children: [child.spec({ shutdown: 100 }), sibling.spec()] });
    const terminated = tree.root.terminateChild('a');
    await tree.clock.advance(100);
    expect(await terminated).toEqual({ ok: true });
    expect(tree.log).toEqual(['stop a', 'kill a']);
    expect(sibling.starts).toBe(1);
    expect(tree.errors).toEqual(['shutdown_error a: killed']);
  });

  test('T55 neither a message nor the late exit of an old incarnation ends a supervisor', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    await tree.boot({ children: [child.spec()] });
    child.current.crash();
    await tree.settled();
    child.incarnations[0]?.exit(SHUTDOWN);
    expect(tree.kernel.send('root', { type: 'shutdown' })).toBe(true);
    await tree.settled();
    expect(tree.kernel.whereis('root')).toBeTypeOf('number');
    expect([child.starts, child.live.length]).toEqual([2, 1]);
  });
});

/** The reasons of the columns: permanent, transient, temporary, brutal_kill permanent, brutal_kill other. */
const shutdownErrors: readonly (readonly [string, ExitReason, readonly boolean[]])[] = [
  ['shutdown', SHUTDOWN, [false, false, false, true, false]],
  ['{shutdown, detail}', DETAILED, [true, false, false, true, false]],
  ['normal', NORMAL, [true, false, false, true, false]],
  ['killed', KILLED, [true, true, true, false, false]],
  ['anything else', OTHER, [true, true, true, true, true]],
];
const columns: readonly (readonly [Restart, Shutdown])[] = [
  ['permanent', 5000], ['transient', 5000], ['temporary', 5000], ['permanent', 'brutal_kill'], ['transient', 'brutal_kill'],
];
const cells = shutdownErrors.flatMap(([word, reason, reported]) =>
  columns.map(([restart, shutdown], column) => ({ word, reason, restart, shutdown, isReported: reported[column] === true })),
);

describe('shutdown_error', () => {
  test.for(cells)('T52 $restart child, shutdown $shutdown, that ends with $word: reported is $isReported', async (cell) => {
    await using tree = new TestTree();
    const child = tree.child('a', { onShutdown: cell.reason });
    const busy = tree.child('busy', { onShutdown: 'stuck' });
    await tree.boot({ children: [child.spec({ restart: cell.restart, shutdown: cell.shutdown }), busy.spec({ shutdown: 'infinity' })] });
    const stopped = tree.kernel.stop();
    await tree.settled();
    // a child with brutal_kill has another reason than killed only when it ended by itself while its supervisor was busy
    if (cell.shutdown === 'brutal_kill') child.current.exit(cell.reason);
    busy.current.exit(SHUTDOWN);
    await stopped;
    expect(tree.errors.filter((line) => line.startsWith('shutdown_error a'))).toHaveLength(cell.isReported ? 1 : 0);
    expect(child.live).toEqual([]);
  });

  const dynamicCells = (['permanent', 'transient', 'temporary'] as const).map((restart) => ({
    restart,
    expected: restart === 'permanent' ? ['normal', 'error: Error: other'] : ['error: Error: other'],
  }));
  test.for(dynamicCells)('T49 $restart dynamic children keep their own reasons; reported are $expected', async ({ restart, expected }) => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const reasons = [NORMAL, SHUTDOWN, DETAILED, OTHER];
    for (const onShutdown of reasons) {
      const child = tree.child('c', { onShutdown });
      await tree.pool.startChild({ id: 'c', start: child.start, restart });
    }
    tree.clearRecords();
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect(tree.reports.flatMap((report) => (report.type === 'exit' ? [report.reason] : []))).toEqual(reasons);
    expect(tree.errors).toEqual(expected.map((reason) => `shutdown_error c: ${reason}`));
  });

  test('a dynamic child that ends in order is no error, one that has to be killed is', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const [good, stuck] = [tree.child('good'), tree.child('stuck', { onShutdown: 'stuck' })];
    await tree.pool.startChild(good.spec());
    await tree.pool.startChild(stuck.spec({ shutdown: 10 }));
    tree.clearRecords();
    await tree.pool.terminateChild(good.current.pid);
    const terminated = tree.pool.terminateChild(stuck.current.pid);
    await tree.clock.advance(10);
    expect(await terminated).toEqual({ ok: true });
    expect(tree.errors).toEqual(['shutdown_error stuck: killed']);
  });
});
