import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffDelayMs } from '#supervisors/kernel/backoff.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { TestTree } from '../../support/test-tree.ts';

const BACKOFF = { initialMs: 100, maxMs: 400, jitter: 0 };
const MANY = { intensity: 1000, periodMs: 1_000_000 };

describe('backoffDelayMs', () => {
  test('doubles up to the longest wait', () => {
    expect([1, 2, 3, 4, 5].map((attempt) => backoffDelayMs(BACKOFF, attempt))).toEqual([100, 200, 400, 400, 400]);
    expect(backoffDelayMs(BACKOFF, 10_000)).toBe(400);
  });

  test('the jitter takes at most its share off', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), share, share, (attempt, jitter, drawn) => {
        const full = backoffDelayMs(BACKOFF, attempt);
        const delay = backoffDelayMs({ ...BACKOFF, jitter }, attempt, () => drawn);
        expect(delay).toBeLessThanOrEqual(full);
        expect(delay).toBeGreaterThanOrEqual(full * (1 - jitter) - 1e-9);
      }),
    );
  });

  test('a quarter is drawn at random when not told otherwise', () => {
    expect(backoffDelayMs({ initialMs: 100, maxMs: 400 }, 1, () => 1)).toBe(75);
  });
});

describe.for(['static', 'dynamic'] as const)('back-off in a %s supervisor', (kind) => {
  async function booted(tree: TestTree) {
    const child = tree.child('a');
    const spec = child.spec({ backoff: BACKOFF });
    if (kind === 'static') await tree.boot({ ...MANY, children: [spec] });
    else await tree.bootDynamic(MANY).then(() => tree.pool.startChild(spec));
    tree.clearRecords();
    return child;
  }

  test('each failure in a row waits twice as long, up to the longest wait', async () => {
    await using tree = new TestTree();
    const child = await booted(tree);
    for (const delayMs of [100, 200, 400, 400]) {
      const { starts } = child;
      child.current.crash();
      await tree.clock.advance(delayMs - 1);
      expect(child.starts).toBe(starts);
      await tree.clock.advance(1);
      expect(child.starts).toBe(starts + 1);
    }
  });

  test('a restart that fails waits longer too', async () => {
    await using tree = new TestTree();
    const child = await booted(tree);
    child.failStarts(2);
    child.current.crash();
    await tree.clock.advance(100 + 200 + 399);
    expect([child.starts, child.live.length]).toEqual([3, 0]);
    await tree.clock.advance(1);
    expect([child.starts, child.live.length]).toEqual([4, 1]);
  });

  test('a child that ran longer than the longest wait begins anew', async () => {
    await using tree = new TestTree();
    const child = await booted(tree);
    child.current.crash();
    await tree.clock.advance(100);
    child.current.crash();
    await tree.clock.advance(200);
    await tree.clock.advance(401);
    child.current.crash();
    await tree.clock.advance(100);
    expect([child.starts, child.live.length]).toEqual([4, 1]);
  });

  test('a child that ends normally while it starts has not run: its waits still grow', async () => {
    await using tree = new TestTree();
    const child = await booted(tree);
    await tree.clock.advance(10_000);
    child.script.push((context, incarnation) => (context.exit({ kind: 'normal' }), incarnation));
    child.current.crash();
    await tree.clock.advance(100);
    expect(child.starts).toBe(2);
    await tree.clock.advance(199);
    expect(child.starts).toBe(2);
    await tree.clock.advance(1);
    expect(child.starts).toBe(3);
  });

  test('calls are served during the wait, and terminateChild ends it with its timer', async () => {
    await using tree = new TestTree();
    const child = await booted(tree);
    const { pid = 0 } = child;
    child.current.crash();
    await tree.settled();
    const api = kind === 'static' ? tree.root : tree.pool;
    expect(await api.whichChildren()).toEqual([{ id: 'a', pid: 'restarting', type: 'worker' }]);
    expect(tree.clock.pendingTimers).toBe(1);
    expect(await (kind === 'static' ? tree.root.terminateChild('a') : tree.pool.terminateChild(pid))).toEqual({ ok: true });
    expect(tree.clock.pendingTimers).toBe(0);
    await tree.clock.advance(10_000);
    expect(child.starts).toBe(1);
  });

  test('the supervisor stops at once during the wait', async () => {
    await using tree = new TestTree();
    const child = await booted(tree);
    child.current.crash();
    await tree.settled();
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect([child.starts, tree.clock.pendingTimers]).toEqual([1, 0]);
  });

  test('the restart tells how long the child was down', async () => {
    await using tree = new TestTree();
    const child = await booted(tree);
    child.failStarts(1);
    child.current.crash();
    await tree.clock.advance(300);
    expect(tree.reports.find(({ type }) => type === 'restart')).toMatchObject({ downMs: 300, restarts: 1, child: { id: 'a', pid: child.pid } });
  });
});
