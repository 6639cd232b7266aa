import { describe, expect, test } from 'vitest';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { crashed, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { IGNORE } from '#supervisors/kernel/process.ts';
import type { StartFunction, StartResult } from '#supervisors/kernel/process.ts';
import type { SupervisorDefinition } from '#supervisors/kernel/supervisor.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { FailedToStartChild } from '#supervisors/kernel/supervisor-failure.ts';
import { TestTree } from '../../../support/test-tree.ts';

describe('start of a supervisor', () => {
  test('T1 a supervisor without children starts, and ends with shutdown when it is stopped', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    expect(tree.kernel.whereis('root')).toBeTypeOf('number');
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect(tree.exitReason).toEqual(SHUTDOWN);
  });

  test('T2 a definition that answers ignore starts nothing and is not an error', async () => {
    await using tree = new TestTree();
    await tree.boot(supervisor(() => IGNORE));
    expect(tree.kernel.whereis('root')).toBeUndefined();
    expect(tree.exitReason).toBeUndefined();
  });

  test('T4 a temporary child that answers ignore at the start is not kept', async () => {
    await using tree = new TestTree();
    const child = tree.child('x');
    child.script.push(() => IGNORE);
    await tree.boot({ children: [child.spec({ restart: 'temporary' })] });
    expect(await tree.root.countChildren()).toEqual({ specs: 0, active: 0, supervisors: 0, workers: 0 });
  });

  test.for(['permanent', 'transient'] as const)('T4 a %s child that answers ignore is kept, not running', async (restart) => {
    await using tree = new TestTree();
    const child = tree.child('x');
    child.script.push(() => IGNORE);
    await tree.boot({ children: [child.spec({ restart })] });
    expect(await tree.root.whichChildren()).toEqual([{ id: 'x', pid: undefined, type: 'worker' }]);
  });

  test('T5 startChild of a temporary child that answers ignore is ok and keeps nothing', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const child = tree.child('x');
    child.script.push(() => IGNORE);
    expect(await tree.root.startChild(child.spec({ restart: 'temporary' }))).toEqual({ ok: true, pid: undefined });
    expect(await tree.root.whichChildren()).toEqual([]);
  });

  test.for([['a number', 7], ['null', null], ['an object without children', {}]] as const)(
    'T7 a definition that is %s is a bad return',
    async ([, value]) => {
      await using tree = new TestTree();
      const boot = tree.boot(supervisor(() => value as unknown as SupervisorDefinition));
      await expect(boot).rejects.toMatchObject({ part: 'bad_return', fault: { tag: 'bad_return', value } });
    },
  );

  test('T8 a definition that throws fails the start with that exception', async () => {
    await using tree = new TestTree();
    const error = new Error('no definition');
    const boot = tree.boot(supervisor(() => {
      throw error;
    }));
    await expect(boot).rejects.toBe(error);
  });

  test('T11 a dynamic child whose start fails is answered with its reason and not stored', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const child = tree.child('x');
    const error = new Error('no start');
    child.failStarts(1, error);
    expect(await tree.pool.startChild(child.spec())).toMatchObject({ ok: false, error: { tag: 'start_failed', reason: error } });
    expect(await tree.pool.countChildren()).toEqual({ specs: 0, active: 0, supervisors: 0, workers: 0 });
  });

  const failures: readonly (readonly [string, unknown, StartFunction])[] = [
    ['exits', 'gone', (context) => (context.exit(crashed('gone')), Promise.withResolvers<StartResult>().promise)],
    ['throws an error', expect.any(TypeError), () => { throw new TypeError('bad'); }],
    ['throws a value', 'thrown', () => { throw 'thrown'; }],
    ['rejects', 'later', () => Promise.reject('later')],
    ['answers something else', 42, () => 42 as unknown as StartResult],
  ];
  test.for(failures)('T13 a start function that %s fails with that reason and the child that did not start', async ([, reason, start]) => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const child = { id: 'x', restart: 'permanent', shutdown: 5000, pid: undefined };
    expect(await tree.root.startChild({ id: 'x', start })).toMatchObject({ ok: false, error: { tag: 'start_failed', reason, child } });
    expect(await tree.root.whichChildren()).toEqual([]);
    expect(tree.reports).toMatchObject([{ type: 'supervisor', context: 'start_error', offender: { id: 'x' } }]);
  });

  test('T14 what a start function gives beside its handle is passed on', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const child = tree.child('x');
    child.script.push((_context, handle) => ({ handle, info: { port: 4000 } }));
    expect(await tree.root.startChild(child.spec())).toEqual({ ok: true, pid: child.incarnations[0]?.pid, info: { port: 4000 } });
  });

  test('T19 two children with one id are refused and nothing is started', async () => {
    await using tree = new TestTree();
    const [one, other] = [tree.child('a'), tree.child('a')];
    const fault = { tag: 'duplicate_child_name', value: 'a' };
    await expect(tree.boot({ children: [one.spec(), other.spec()] })).rejects.toMatchObject({ part: 'start_spec', fault });
    expect(one.starts + other.starts).toBe(0);
  });
});

describe('order of the start', () => {
  test('children start one after the other in list order, each when the one before it has started', async () => {
    await using tree = new TestTree();
    const [a, b, c] = [tree.child('a'), tree.child('b'), tree.child('c')];
    const held = b.holdStart();
    const boot = tree.boot({ children: [a.spec(), b.spec(), c.spec()] });
    await tree.settled();
    expect(tree.log).toEqual(['start a', 'start b']);
    held.release();
    await boot;
    expect(c.starts).toBe(1);
  });

  test('T56 a child that does not start ends those before it in reverse, and its own error reaches the caller', async () => {
    await using tree = new TestTree();
    const [a, b, c, d] = [tree.child('a'), tree.child('b'), tree.child('c'), tree.child('d')];
    const error = new ReferenceError('init is not defined');
    c.failStarts(1, error);
    const boot = tree.boot({ children: [a, b, c, d].map((child) => child.spec()) });
    const failure: unknown = await boot.catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(FailedToStartChild);
    expect(failure).toMatchObject({ childId: 'c', cause: error });
    expect(tree.log).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a']);
    expect(tree.errors).toEqual(['start_error c: error: ReferenceError: init is not defined']);
  });

  test('a child that crashes while its later siblings start is restarted only when they have', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    const held = b.holdStart();
    const boot = tree.boot({ strategy: 'one_for_all', children: [a.spec(), b.spec()] });
    await tree.settled();
    a.current.crash();
    await tree.settled();
    expect(tree.log).toEqual(['start a', 'start b']);
    held.release();
    await boot;
    await tree.settled();
    expect([a.live.length, b.live.length]).toEqual([1, 1]);
    expect([a.starts, b.starts]).toEqual([2, 2]);
  });

  test('the start of a dynamic supervisor starts nothing', async () => {
    await using tree = new TestTree();
    await tree.boot(dynamicSupervisor());
    expect(await tree.pool.whichChildren()).toEqual([]);
  });
});
