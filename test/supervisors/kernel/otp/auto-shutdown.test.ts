import { describe, expect, test } from 'vitest';
import type { AutoShutdown } from '#supervisors/kernel/child-spec.ts';
import { crashed, NORMAL, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { IGNORE } from '#supervisors/kernel/process.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import type { TestChild } from '../../../support/test-child.ts';
import { TestTree } from '../../../support/test-tree.ts';

const ERROR = crashed(new Error('boom'));
const modes: readonly AutoShutdown[] = ['any_significant', 'all_significant'];

function significant(child: TestChild, restart: 'transient' | 'temporary' = 'transient') {
  return child.spec({ restart, significant: true });
}

function endsWith(child: TestChild) {
  return supervisor({ autoShutdown: 'any_significant', children: [significant(child)] });
}

describe('autoShutdown', () => {
  test.for(modes)('T97 %s: children that are not significant may all end', async (autoShutdown) => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ autoShutdown, children: [a.spec({ restart: 'temporary' }), b.spec({ restart: 'transient' })] });
    a.current.exit(NORMAL);
    b.current.exit(NORMAL);
    await tree.settled();
    expect(tree.exitReason).toBeUndefined();
    expect(await tree.root.countChildren()).toMatchObject({ active: 0 });
  });

  const ends = [
    ['temporary', NORMAL, true], ['temporary', SHUTDOWN, true], ['temporary', ERROR, true],
    ['transient', NORMAL, true], ['transient', SHUTDOWN, true], ['transient', ERROR, false],
  ] as const;
  test.for(ends)('T98 any_significant: a significant %s child that ends with %j ends its supervisor: %s', async ([restart, reason, isEnd]) => {
    await using tree = new TestTree();
    const [first, child, last] = [tree.child('first'), tree.child('child'), tree.child('last')];
    await tree.boot({ autoShutdown: 'any_significant', children: [first.spec(), significant(child, restart), last.spec()] });
    child.current.exit(reason);
    await tree.settled();
    expect(tree.exitReason).toEqual(isEnd ? SHUTDOWN : undefined);
    expect(tree.log).toEqual(isEnd ? ['stop last', 'stop first'] : ['start child']);
    expect(tree.errors).toHaveLength(reason === ERROR ? 1 : 0);
  });

  test('T100 all_significant: the last significant child that ends takes the supervisor with it', async () => {
    await using tree = new TestTree();
    const [a, b, c] = [tree.child('a'), tree.child('b'), tree.child('c')];
    await tree.boot({ autoShutdown: 'all_significant', children: [significant(a), significant(b, 'temporary'), c.spec()] });
    a.current.exit(NORMAL);
    await tree.settled();
    expect(tree.exitReason).toBeUndefined();
    expect(tree.log).toEqual([]);
    b.current.exit(NORMAL);
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect(tree.log).toEqual(['stop c']);
    expect(tree.errors).toEqual([]);
  });

  test('all_significant: a significant child that waits for its restart is still there', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    const waiting = { ...significant(a), backoff: { initialMs: 1000, maxMs: 1000 } };
    await tree.boot({ autoShutdown: 'all_significant', children: [waiting, significant(b)] });
    a.current.crash();
    b.current.exit(NORMAL);
    await tree.clock.advance(1000);
    expect(tree.exitReason).toBeUndefined();
    expect(a.live).toHaveLength(1);
  });

  test('a significant child that declines to start ends nothing', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    child.script.push(() => IGNORE);
    await tree.boot({ autoShutdown: 'all_significant', children: [significant(child)] });
    await tree.settled();
    expect(tree.exitReason).toBeUndefined();
  });

  test.for(modes)('T104 %s: terminateChild of a significant child ends nothing', async (autoShutdown) => {
    await using tree = new TestTree();
    const child = tree.child('a');
    await tree.boot({ autoShutdown, children: [significant(child)] });
    await tree.root.terminateChild('a');
    await tree.settled();
    expect(tree.exitReason).toBeUndefined();
  });

  test('T104 all_significant: after one was terminated, the end of the other one counts', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({ autoShutdown: 'all_significant', children: [significant(a), significant(b)] });
    await tree.root.terminateChild('a');
    b.current.exit(NORMAL);
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
  });

  test('T103 the end of a significant child goes up through significant supervisors', async () => {
    await using tree = new TestTree();
    const child = tree.child('a');
    const spec = { id: 'inner', type: 'supervisor', restart: 'transient', significant: true, start: endsWith(child) } as const;
    await tree.boot({ autoShutdown: 'any_significant', children: [spec] });
    child.current.exit(NORMAL);
    await tree.settled();
    expect(tree.exitReason).toEqual(SHUTDOWN);
    expect(tree.story).toEqual(['exit a: normal', 'exit inner: shutdown']);
  });

  test('T107 a permanent supervisor that ended itself is restarted, a transient one is not', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    await tree.boot({
      children: [
        { id: 'permanent', type: 'supervisor', start: endsWith(a) },
        { id: 'transient', type: 'supervisor', restart: 'transient', start: endsWith(b) },
      ],
    });
    a.current.exit(NORMAL);
    b.current.exit(NORMAL);
    await tree.settled();
    expect([a.starts, b.starts]).toEqual([2, 1]);
    expect(await tree.root.whichChildren()).toMatchObject([{ id: 'transient', pid: undefined }, { id: 'permanent', pid: expect.any(Number) }]);
  });
});
