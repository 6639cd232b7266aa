import { describe, expect, test } from 'vitest';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { TestTree } from '../../support/test-tree.ts';

describe('start timeout', () => {
  test('a start that takes too long has failed, and its late handle is killed', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const child = tree.child('a');
    const held = child.holdStart();
    const starting = tree.root.startChild(child.spec({ startTimeoutMs: 100 }));
    await tree.clock.advance(100);
    expect(await starting).toMatchObject({ ok: false, error: { tag: 'start_failed', reason: { name: 'StartTimeout' } } });
    expect(child.incarnations[0]?.context.signal.aborted).toBe(true);
    held.release();
    await tree.settled();
    expect([child.live, tree.kernel.whereis('a')]).toEqual([[], undefined]);
    expect(tree.errors).toEqual(['start_error a: error: StartTimeout: a did not start within 100ms']);
  });

  test('a start in time leaves no timer', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    const held = child.holdStart();
    const boot = tree.boot({ children: [child.spec({ startTimeoutMs: 100 })] });
    await tree.settled();
    held.release();
    await boot;
    expect(tree.clock.pendingTimers).toBe(0);
  });

  test('a child that ends normally and then never finishes its start is given up too', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const starting = tree.root.startChild({
      id: 'a', startTimeoutMs: 100, start: (context) => (context.exit({ kind: 'normal' }), Promise.withResolvers<'ignore'>().promise),
    });
    await tree.clock.advance(100);
    expect(await starting).toMatchObject({ ok: false, error: { reason: { name: 'StartTimeout' } } });
  });

  test('a restart that takes too long is tried again, one incarnation at a time', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    await tree.boot({ intensity: 5, children: [child.spec({ startTimeoutMs: 100 })] });
    const held = child.holdStart();
    child.current.crash();
    await tree.clock.advance(100);
    expect([child.starts, child.live.length]).toEqual([3, 1]);
    held.release();
    await tree.settled();
    expect(child.live).toHaveLength(1);
  });
});

describe('kill during a start', () => {
  test('the start of a killed process ends at once, and its late handle is killed', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    const inner = supervisor({ children: [] });
    await tree.boot({ intensity: 1, children: [{ id: 'inner', name: 'inner', type: 'supervisor', start: inner }] });
    const held = child.holdStart();
    const starting = tree.kernel.supervisor('inner').startChild(child.spec());
    await tree.settled();
    tree.kernel.kill('inner');
    expect(await starting).toMatchObject({ ok: false, error: { tag: 'start_failed', reason: { code: 'ACTOR_DOWN' } } });
    held.release();
    await tree.settled();
    expect(child.live).toEqual([]);
    expect(await tree.kernel.supervisor('inner').countChildren()).toMatchObject({ specs: 0 });
  });

  test('a supervisor that is killed while it starts leaves no child behind and goes on with none', async () => {
    await using tree = new TestTree();
    const [a, b, c] = [tree.child('a'), tree.child('b'), tree.child('c')];
    const held = b.holdStart();
    const inner = supervisor({ children: [a.spec(), b.spec(), c.spec()] });
    await tree.boot(dynamicSupervisor());
    const starting = tree.pool.startChild({ id: 'inner', type: 'supervisor', start: inner });
    await tree.settled();
    tree.kernel.kill('root');
    expect(await starting).toMatchObject({ ok: false });
    expect(a.live).toEqual([]);
    held.release();
    await tree.settled();
    expect([b.live, c.starts]).toEqual([[], 0]);
  });

  test('a supervisor whose start takes too long leaves nothing running', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    const held = b.holdStart();
    const inner = supervisor({ children: [a.spec(), b.spec()] });
    await tree.boot({ children: [] });
    const starting = tree.root.startChild({ id: 'inner', type: 'supervisor', start: inner, startTimeoutMs: 100 });
    await tree.clock.advance(100);
    expect(await starting).toMatchObject({ ok: false, error: { reason: { name: 'StartTimeout' } } });
    held.release();
    await tree.settled();
    expect([a.live, b.live]).toEqual([[], []]);
  });
});

describe('kill of a supervisor', () => {
  test('takes its whole subtree at once, and its restart waits until all of it is free', async () => {
    await using tree = new TestTree();
    const free = Promise.withResolvers<void>();
    let kills = 0;
    const deep = tree.child('deep', { onKill: () => (++kills === 1 ? free.promise : undefined) });
    const [flat, other] = [tree.child('flat'), tree.child('other')];
    const inner = supervisor({ children: [deep.spec()] });
    const outer = supervisor({ children: [{ id: 'inner', type: 'supervisor', start: inner }, flat.spec()] });
    await tree.boot({ intensity: 1, children: [other.spec(), { id: 'outer', name: 'outer', type: 'supervisor', start: outer }] });
    const { pid } = other;

    tree.kernel.kill('outer');
    expect([deep.live, flat.live]).toEqual([[], []]);
    expect(tree.kernel.whereis('deep')).toBeUndefined();
    await tree.settled();
    expect([deep.starts, flat.starts]).toEqual([1, 1]);
    free.resolve();
    await tree.settled();
    expect([deep.starts, flat.starts, other.pid]).toEqual([2, 2, pid]);
    expect(tree.errors).toEqual(['child_terminated outer: killed']);
  });

  test('takes a child that is just being asked to end', async () => {
    await using tree = new TestTree();
    const slow = tree.child('slow', { onShutdown: 'stuck' });
    const inner = supervisor({ children: [slow.spec({ shutdown: 'infinity' })] });
    await tree.boot({ intensity: 1, children: [{ id: 'inner', name: 'inner', type: 'supervisor', start: inner }] });
    void tree.kernel.supervisor('inner').terminateChild('slow');
    await tree.settled();
    tree.kernel.kill('inner');
    await tree.settled();
    expect([slow.starts, slow.live.length]).toEqual([2, 1]);
  });

  test('takes the dynamic children that start, end or wait for a restart', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 10 });
    const [starting, ending, waiting] = [tree.child('starting'), tree.child('ending', { onShutdown: 'stuck' }), tree.child('waiting')];
    const held = starting.holdStart();
    void tree.pool.startChild(starting.spec());
    await tree.pool.startChild(ending.spec({ shutdown: 'infinity' }));
    await tree.pool.startChild(waiting.spec({ backoff: { initialMs: 1000, maxMs: 1000 } }));
    void tree.pool.terminateChild(ending.current.pid);
    waiting.current.crash();
    await tree.settled();
    tree.kernel.kill('root');
    held.release();
    await tree.clock.advance(10_000);
    expect([starting.live, ending.live, waiting.live, waiting.starts]).toEqual([[], [], [], 1]);
  });

  test('a supervisor with a shutdown time that it misses is killed with all its children', async () => {
    await using tree = new TestTree();
    const [first, stuck] = [tree.child('first'), tree.child('stuck', { onShutdown: 'stuck' })];
    const inner = supervisor({ children: [first.spec(), stuck.spec({ shutdown: 'infinity' })] });
    await tree.boot({ children: [{ id: 'inner', type: 'supervisor', shutdown: 100, start: inner }] });
    const stopped = tree.kernel.stop();
    await tree.clock.advance(100);
    expect(await stopped).toEqual(SHUTDOWN);
    expect([first.live, stuck.live]).toEqual([[], []]);
    expect(tree.errors).toContain('shutdown_error inner: killed');
  });

  test('a child that is killed by its name restarts when its resources are free', async () => {
    await using tree = new TestTree();
    const free = Promise.withResolvers<void>();
    let kills = 0;
    const child = tree.child('a', { onKill: () => (++kills === 1 ? free.promise : undefined) });
    await tree.boot({ children: [child.spec()] });
    expect(tree.kernel.kill('a')).toBe(true);
    await tree.settled();
    expect([child.starts, tree.kernel.whereis('a')]).toEqual([1, undefined]);
    free.resolve();
    await tree.settled();
    expect(child.starts).toBe(2);
    expect(tree.kernel.kill('nobody')).toBe(false);
  });

  test.for([['throws', () => { throw new Error('stuck'); }], ['rejects', () => Promise.reject(new Error('stuck'))]] as const)(
    'a handle whose kill %s is reported and the child goes on to its restart',
    async ([, onKill]) => {
      await using tree = new TestTree();
      const child = tree.child('a', { onKill });
      await tree.boot({ children: [child.spec()] });
      tree.kernel.kill('a');
      await tree.settled();
      expect([child.starts, child.live.length]).toEqual([2, 1]);
      expect(tree.story).toContain('stray nobody: Error: stuck');
    },
  );
});
