import { describe, expect, test } from 'vitest';
import { crashed, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { IGNORE } from '#supervisors/kernel/process.ts';
import type { StartFunction, StartResult } from '#supervisors/kernel/process.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import type { TestChild } from '../../support/test-child.ts';
import { TestTree } from '../../support/test-tree.ts';

const BACKOFF = { initialMs: 100, maxMs: 100, jitter: 0 };
const MAX_CHILDREN = { ok: false, error: { tag: 'max_children' } };

async function started(tree: TestTree, id: string, more: Parameters<TestChild['spec']>[0] = {}): Promise<TestChild> {
  const child = tree.child(id);
  await tree.pool.startChild(child.spec(more));
  return child;
}

describe('dynamicSupervisor', () => {
  test('T32 a process that is not its child is not found and lives', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const pid = tree.kernel.whereis('root') ?? 0;
    expect(await tree.pool.terminateChild(pid)).toEqual({ ok: false, error: { tag: 'not_found' } });
    expect(tree.kernel.whereis('root')).toBe(pid);
  });

  test('T34 the counts follow a thousand children that are killed and added', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 1000 });
    const children = await Promise.all(Array.from({ length: 1000 }, (_, index) => started(tree, `c${index}`, { restart: 'temporary' })));
    expect(await tree.pool.countChildren()).toEqual({ specs: 1000, active: 1000, supervisors: 0, workers: 1000 });
    for (const child of children.slice(0, 400)) child.current.crash();
    await tree.settled();
    expect(await tree.pool.countChildren()).toEqual({ specs: 600, active: 600, supervisors: 0, workers: 600 });
    await Promise.all(Array.from({ length: 1000 }, (_, index) => started(tree, `d${index}`)));
    expect(await tree.pool.countChildren()).toMatchObject({ specs: 1600, active: 1600 });
  });

  test('T71 only the child that died is restarted, with its own start function', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const [one, other] = [await started(tree, 'one'), await started(tree, 'other')];
    tree.clearRecords();
    const { pid } = other;
    one.current.crash();
    await tree.settled();
    expect([one.starts, other.starts, other.pid]).toEqual([2, 1, pid]);
    expect(tree.story).toEqual(['exit one: error: Error: boom', 'child_terminated one: error: Error: boom', 'progress one', 'restart one']);
  });

  test('T73 T124 a restart that keeps failing ends the supervisor and all children', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 4 });
    const [failing, other] = [await started(tree, 'failing'), await started(tree, 'other')];
    failing.failStarts(1000);
    failing.current.crash();
    await tree.settled();
    await tree.settled();
    expect(failing.starts).toBe(5);
    expect([tree.exitReason, other.live]).toEqual([SHUTDOWN, []]);
    expect(tree.errors.at(-1)).toBe('shutdown failing: error: MaxRestartIntensity: reached_max_restart_intensity');
  });

  test('T74 the start function of a temporary child is not kept, also after another one crashed', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const first = await started(tree, 'first', { restart: 'temporary' });
    first.current.crash();
    await tree.settled();
    const held = await startHolding(tree);
    await collectGarbage(() => held.deref() === undefined);
    expect(held.deref()).toBeUndefined();
    expect(await tree.pool.countChildren()).toMatchObject({ active: 1 });
  });

  test('T94 T121 a child whose restart fails is restarting under its old pid, and that pid terminates it', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 1_000_000 });
    const child = await started(tree, 'a', { backoff: BACKOFF });
    const pid = child.pid ?? 0;
    child.failStarts(1_000_000);
    child.current.crash();
    await tree.clock.advance(1000);
    expect(await tree.pool.whichChildren()).toEqual([{ id: 'a', pid: 'restarting', type: 'worker' }]);
    expect(await tree.pool.countChildren()).toEqual({ specs: 1, active: 0, supervisors: 0, workers: 1 });
    expect(await tree.pool.terminateChild(pid)).toEqual({ ok: true });
    const { starts } = child;
    await tree.clock.advance(10_000);
    expect([child.starts, (await tree.pool.countChildren()).specs]).toEqual([starts, 0]);
  });

  test('T94 a restart loop without a back-off serves calls and is ended by terminateChild', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 1_000_000 });
    const child = await started(tree, 'a');
    const pid = child.pid ?? 0;
    child.failStarts(1_000_000);
    child.current.crash();
    await tree.settled();
    expect(await tree.pool.whichChildren()).toEqual([{ id: 'a', pid: 'restarting', type: 'worker' }]);
    expect(await tree.pool.terminateChild(pid)).toEqual({ ok: true });
    const { starts } = child;
    await tree.settled();
    expect(child.starts).toBe(starts);
  });

  const answers: readonly (readonly [string, StartFunction | undefined, object])[] = [
    ['a handle', undefined, { ok: true, pid: expect.any(Number) }],
    ['a handle with info', (context) => ({ handle: idle(context), info: 'extra' }), { ok: true, pid: expect.any(Number), info: 'extra' }],
    ['ignore', () => IGNORE, { ok: true, pid: undefined }],
    ['something else', () => 7 as unknown as StartResult, { ok: false, error: { tag: 'start_failed', reason: 7 } }],
  ];
  test.for(answers)('T115 a start that answers %s', async ([, start, result]) => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const child = tree.child('a');
    expect(await tree.pool.startChild({ id: 'a', start: start ?? child.start })).toMatchObject(result);
    expect((await tree.pool.countChildren()).specs).toBe('pid' in result && result.pid !== undefined ? 1 : 0);
  });

  const failures: readonly (readonly [string, StartFunction, unknown])[] = [
    ['throws a value', () => { throw 'value'; }, 'value'],
    ['throws an error', () => { throw new RangeError('far'); }, new RangeError('far')],
    ['rejects', () => Promise.reject(new RangeError('far')), new RangeError('far')],
    ['exits', (context) => (context.exit(crashed('gone')), idle(context)), 'gone'],
    ['exits with shutdown', (context) => (context.exit(SHUTDOWN), idle(context)), SHUTDOWN],
  ];
  test.for(failures)('T116 a start that %s fails with its reason', async ([, start, reason]) => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    expect(await tree.pool.startChild({ id: 'a', start })).toMatchObject({ ok: false, error: { tag: 'start_failed', reason } });
    expect((await tree.pool.countChildren()).specs).toBe(0);
  });

  test('T118 a child that waits for its restart counts for maxChildren, once', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ maxChildren: 2, intensity: 10 });
    const child = await started(tree, 'a', { backoff: BACKOFF });
    const held = child.holdStart();
    child.current.crash();
    await tree.settled();
    const b = tree.child('b');
    expect(await tree.pool.startChild(b.spec())).toMatchObject({ ok: true });
    expect(await tree.pool.startChild(tree.child('c').spec())).toEqual(MAX_CHILDREN);
    await tree.clock.advance(100);
    await tree.pool.terminateChild(b.current.pid);
    expect(await tree.pool.startChild(tree.child('d').spec())).toMatchObject({ ok: true });
    expect(await tree.pool.startChild(tree.child('e').spec())).toEqual(MAX_CHILDREN);
    held.release();
    await tree.settled();
    expect(await tree.pool.countChildren()).toMatchObject({ specs: 2, active: 2 });
  });

  test('T118 children that start count for maxChildren, and one that failed no more', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ maxChildren: 2 });
    const [a, b] = [tree.child('a'), tree.child('b')];
    const held = a.holdStart();
    const starting = tree.pool.startChild(a.spec());
    const [second, third] = [tree.pool.startChild(b.spec()), tree.pool.startChild(tree.child('c').spec())];
    expect([await second, await third]).toMatchObject([{ ok: true }, MAX_CHILDREN]);
    held.fail(new Error('no'));
    expect(await starting).toMatchObject({ ok: false });
    expect(await tree.pool.startChild(tree.child('d').spec())).toMatchObject({ ok: true });
  });

  test('T121 a child that restarts with a handle lives, one that then declines is removed', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 3 });
    const child = await started(tree, 'a');
    child.script.push((_context, handle) => handle, (_context, handle) => ({ handle, info: 'extra' }), () => IGNORE);
    child.current.crash();
    await tree.settled();
    expect((await tree.pool.countChildren()).active).toBe(1);
    child.current.crash();
    await tree.settled();
    expect((await tree.pool.countChildren()).active).toBe(1);
    child.incarnations.at(-1)?.crash();
    await tree.settled();
    expect([child.starts, (await tree.pool.countChildren()).specs]).toEqual([4, 0]);
  });

  test('T122 a restart that fails once is tried again and costs one more', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 2 });
    const child = await started(tree, 'a');
    child.failStarts(1);
    child.current.crash();
    await tree.settled();
    expect([child.starts, child.live.length]).toEqual([3, 1]);
    child.current.crash();
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
  });

  test.for(['brutal_kill', 1000, 'infinity'] as const)('T127 terminateChild with shutdown %s is ok and forgets the child', async (shutdown) => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const child = await started(tree, 'a', { shutdown });
    expect(await tree.pool.terminateChild(child.current.pid)).toEqual({ ok: true });
    expect([child.live, (await tree.pool.countChildren()).specs]).toEqual([[], 0]);
  });

  test('T127 a child that is terminated while its restart runs is killed, and its late handle too', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const child = await started(tree, 'a');
    const pid = child.pid ?? 0;
    const held = child.holdStart();
    child.current.crash();
    await tree.settled();
    expect(await tree.pool.terminateChild(pid)).toEqual({ ok: true });
    const again = await started(tree, 'a');
    expect(again.live).toHaveLength(1);
    held.release();
    await tree.settled();
    expect([child.live, (await tree.pool.countChildren()).specs]).toEqual([[], 1]);
  });

  test('T128 one spec can be started twice', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const child = tree.child('a');
    const spec = { id: 'a', start: child.start };
    const results = [await tree.pool.startChild(spec), await tree.pool.startChild(spec)];
    expect(results).toMatchObject([{ ok: true }, { ok: true }]);
    expect((await tree.pool.countChildren()).specs).toBe(2);
  });

  test('a slow end of one child delays no other start and no other end', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const slow = tree.child('slow', { onShutdown: 'stuck' });
    await tree.pool.startChild(slow.spec({ shutdown: 5000 }));
    const other = await started(tree, 'other');
    const ended = tree.pool.terminateChild(slow.current.pid);
    const late = await started(tree, 'late');
    expect(late.live).toHaveLength(1);
    expect(await tree.pool.terminateChild(other.current.pid)).toEqual({ ok: true });
    expect(slow.live).toHaveLength(1);
    await tree.clock.advance(5000);
    expect(await ended).toEqual({ ok: true });
  });

  test('a second terminateChild of one child answers when it has ended', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const slow = tree.child('slow', { onShutdown: 'stuck' });
    await tree.pool.startChild(slow.spec({ shutdown: 5000 }));
    tree.clearRecords();
    const pid = slow.current.pid;
    const both = Promise.all([tree.pool.terminateChild(pid), tree.pool.terminateChild(pid)]).then(() => slow.live.length);
    await tree.clock.advance(5000);
    expect(await both).toBe(0);
    expect(tree.story).toEqual(['exit slow: killed', 'shutdown_error slow: killed']);
  });

  test('a supervisor that stops waits for the child that is being terminated', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const slow = tree.child('slow', { onShutdown: 'stuck' });
    await tree.pool.startChild(slow.spec({ shutdown: 5000 }));
    void tree.pool.terminateChild(slow.current.pid);
    void tree.kernel.stop();
    await tree.clock.advance(4999);
    expect(tree.exitReason).toBeUndefined();
    await tree.clock.advance(1);
    expect([tree.exitReason, slow.live]).toEqual([SHUTDOWN, []]);
  });

  test('a supervisor that stops kills what starts, and does not wait for it', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const child = tree.child('a');
    const held = child.holdStart();
    const starting = tree.pool.startChild(child.spec());
    await tree.kernel.stop();
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect(await starting).toMatchObject({ ok: false, error: { tag: 'start_failed', reason: { code: 'ACTOR_DOWN' } } });
    held.release();
    await tree.settled();
    expect(child.live).toEqual([]);
  });
});

function idle(context: Parameters<StartFunction>[0]) {
  return { send: () => undefined, shutdown: () => context.exit(SHUTDOWN), kill: () => undefined };
}

async function startHolding(tree: TestTree): Promise<WeakRef<object>> {
  const large = { bytes: new Uint8Array(1_000_000) };
  const child = tree.child('holding');
  await tree.pool.startChild({
    id: 'holding',
    restart: 'temporary',
    start: (context) => (large.bytes.length > 0 ? child.start(context) : IGNORE),
  });
  return new WeakRef(large);
}
