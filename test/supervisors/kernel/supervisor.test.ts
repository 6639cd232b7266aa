import { describe, expect, test } from 'vitest';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { crashed, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { TestTree } from '../../support/test-tree.ts';

describe('reports', () => {
  test('the life of a child is told in order, with its pids and its downtime', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const child = tree.child('a');
    const error = new Error('boom');
    await tree.root.startChild(child.spec({ backoff: { initialMs: 250, maxMs: 250, jitter: 0 } }));
    const first = child.pid;
    child.current.crash(error);
    await tree.clock.advance(250);
    const second = child.pid;
    await tree.root.terminateChild('a');

    const about = { id: 'a', name: 'a', restart: 'permanent', significant: false, shutdown: 5000, type: 'worker' };
    const supervisor = 'root';
    expect(tree.reports).toEqual([
      { type: 'progress', supervisor, child: { ...about, pid: first } },
      { type: 'exit', supervisor, child: { ...about, pid: first }, reason: crashed(error) },
      { type: 'supervisor', supervisor, context: 'child_terminated', reason: crashed(error), offender: { ...about, pid: first } },
      { type: 'progress', supervisor, child: { ...about, pid: second } },
      { type: 'restart', supervisor, child: { ...about, pid: second }, restarts: 1, downMs: 250 },
      { type: 'exit', supervisor, child: { ...about, pid: second }, reason: SHUTDOWN },
    ]);
  });

  test('giving up is told before the other children end', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ intensity: 0, children: [a.spec(), b.spec()] });
    a.current.crash();
    await tree.settled();
    expect(tree.story).toEqual([
      'exit a: error: Error: boom',
      'child_terminated a: error: Error: boom',
      'shutdown a: error: MaxRestartIntensity: reached_max_restart_intensity',
      'exit b: shutdown',
    ]);
  });

  test('a sibling that a group strategy restarts is told as a restart too', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ strategy: 'one_for_all', children: [a.spec(), b.spec()] });
    a.current.crash();
    await tree.settled();
    expect(tree.story.slice(2)).toEqual(['exit b: shutdown', 'progress a', 'restart a', 'progress b', 'restart b']);
  });

  test('a reason that cannot be written as JSON does not hold the stop up', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const loop: { self?: unknown; size: bigint } = { size: 1n };
    loop.self = loop;
    const child = tree.child('a', { onShutdown: crashed(loop) });
    await tree.pool.startChild(child.spec());
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect(tree.errors.at(-1)).toContain('shutdown_error a: error');
  });

  test('a listener that throws is kept from the tree and from the other listeners', async () => {
    await using tree = new TestTree();
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const stop = tree.kernel.onReport(() => {
      throw new Error('listener');
    });
    const child = tree.child('a');
    await tree.boot({ children: [child.spec()] });
    stop();
    expect((await warned).message).toBe('listener');
    expect(child.live).toHaveLength(1);
  });
});

describe('tree', () => {
  test('every node shows what it is, how it is and what is below it', async () => {
    await using tree = new TestTree();
    const [a, stopped, pooled] = [tree.child('a'), tree.child('stopped'), tree.child('pooled')];
    const pool = { id: 'pool', name: 'pool', type: 'supervisor', start: dynamicSupervisor() } as const;
    const inner = supervisor({ strategy: 'rest_for_one', children: [a.spec()] });
    await tree.boot({ children: [{ id: 'inner', type: 'supervisor', start: inner }, pool, stopped.spec()] });
    await tree.kernel.dynamicSupervisor('pool').startChild({ ...pooled.spec(), id: 'session' });
    await tree.root.terminateChild('stopped');
    a.current.crash();
    await tree.settled();

    const startedAt = tree.clock.wallTime();
    const running = { status: 'running', restarts: 0, startedAt, mailbox: 0, pid: expect.any(Number) };
    const leaf = { type: 'worker', children: [] };
    expect(tree.kernel.tree()).toEqual({
      id: 'root', name: 'root', type: 'supervisor', strategy: 'one_for_one', ...running,
      children: [
        { id: 'inner', name: undefined, type: 'supervisor', strategy: 'rest_for_one', ...running, children: [{ id: 'a', name: 'a', ...running, ...leaf, restarts: 1 }] },
        { id: 'pool', name: 'pool', type: 'supervisor', strategy: 'dynamic', ...running, children: [{ id: 'session', name: 'pooled', ...running, ...leaf }] },
        { id: 'stopped', name: 'stopped', ...running, ...leaf, pid: undefined, status: 'stopped', startedAt: undefined },
      ],
    });
  });

  test('there is no tree before boot', async () => {
    await using tree = new TestTree();
    expect(tree.kernel.tree()).toBeUndefined();
  });
});

describe('memory', () => {
  test('10 000 dynamic children that came and went leave nothing behind', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 1_000_000 });
    const handles: WeakRef<object>[] = [];
    for (let index = 0; index < 10_000; index += 1) {
      const result = await tree.pool.startChild({ id: 'child', name: `child-${index}`, restart: index % 2 === 0 ? 'transient' : 'temporary', start: remembered(handles) });
      if (!result.ok || result.pid === undefined) throw new Error('not started');
      if (index % 3 === 0) tree.kernel.kill(`child-${index}`);
      else await tree.pool.terminateChild(result.pid);
    }
    await tree.settled();
    for (const { pid } of await tree.pool.whichChildren()) await tree.pool.terminateChild(Number(pid));
    tree.clearRecords();
    await collectGarbage(() => alive(handles) === 0);
    expect([alive(handles), tree.kernel.registry.names(), tree.clock.pendingTimers]).toEqual([0, ['root'], 0]);
  });
});

function remembered(handles: WeakRef<object>[]): StartFunction {
  return (context) => {
    const handle = { send: () => undefined, shutdown: () => context.exit(SHUTDOWN), kill: () => undefined };
    handles.push(new WeakRef(handle));
    return handle;
  };
}

function alive(handles: readonly WeakRef<object>[]): number {
  return handles.filter((handle) => handle.deref() !== undefined).length;
}
