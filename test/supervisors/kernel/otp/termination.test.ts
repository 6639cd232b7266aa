import { describe, expect, test } from 'vitest';
import type { Restart } from '#supervisors/kernel/child-spec.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import { crashed, describeReason, KILLED, NORMAL, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { TestTree } from '../../../support/test-tree.ts';

const DETAILED: ExitReason = { kind: 'shutdown', detail: 'x' };
const ERROR = crashed(new Error('boom'));

interface Row {
  readonly row: string;
  readonly restart: Restart;
  readonly reason: ExitReason;
  readonly outcome: 'restarted' | 'kept' | 'gone';
  readonly isReported: boolean;
}

const rows: readonly Row[] = [
  { row: 'a permanent child', restart: 'permanent', reason: NORMAL, outcome: 'restarted', isReported: true },
  { row: 'a permanent child', restart: 'permanent', reason: SHUTDOWN, outcome: 'restarted', isReported: true },
  { row: 'a permanent child', restart: 'permanent', reason: DETAILED, outcome: 'restarted', isReported: true },
  { row: 'a permanent child', restart: 'permanent', reason: ERROR, outcome: 'restarted', isReported: true },
  { row: 'a permanent child', restart: 'permanent', reason: KILLED, outcome: 'restarted', isReported: true },
  { row: 'T58 a transient child', restart: 'transient', reason: NORMAL, outcome: 'kept', isReported: false },
  { row: 'T61 a transient child', restart: 'transient', reason: SHUTDOWN, outcome: 'kept', isReported: false },
  { row: 'T61 a transient child', restart: 'transient', reason: DETAILED, outcome: 'kept', isReported: false },
  { row: 'T64 a transient child', restart: 'transient', reason: ERROR, outcome: 'restarted', isReported: true },
  { row: 'T64 a transient child', restart: 'transient', reason: KILLED, outcome: 'restarted', isReported: true },
  { row: 'T59 a temporary child', restart: 'temporary', reason: NORMAL, outcome: 'gone', isReported: false },
  { row: 'T62 a temporary child', restart: 'temporary', reason: SHUTDOWN, outcome: 'gone', isReported: false },
  { row: 'T62 a temporary child', restart: 'temporary', reason: DETAILED, outcome: 'gone', isReported: false },
  { row: 'T65 a temporary child', restart: 'temporary', reason: ERROR, outcome: 'gone', isReported: true },
  { row: 'T65 a temporary child', restart: 'temporary', reason: KILLED, outcome: 'gone', isReported: true },
];
const named = rows.map((row) => ({ ...row, word: describeReason(row.reason) }));

describe('end of a child by itself', () => {
  test.for(named)('$row that ends with $word is $outcome', async ({ restart, reason, outcome, isReported }) => {
    await using tree = new TestTree();
    const [sibling, child] = [tree.child('sibling'), tree.child('child')];
    await tree.boot({ children: [sibling.spec(), child.spec({ restart })] });
    const pids = { child: child.pid, sibling: sibling.pid };
    child.current.exit(reason);
    await tree.settled();

    expect(child.starts).toBe(outcome === 'restarted' ? 2 : 1);
    expect(child.pid === pids.child).toBe(false);
    expect(sibling.pid).toBe(pids.sibling);
    const specs = outcome === 'gone' ? 1 : 2;
    expect(await tree.root.countChildren()).toEqual({ specs, active: outcome === 'restarted' ? 2 : 1, supervisors: 0, workers: specs });
    expect(tree.errors).toEqual(isReported ? [`child_terminated child: ${describeReason(reason)}`] : []);
  });

  test.for(named)('in a dynamic supervisor $row that ends with $word is restarted or gone', async ({ restart, reason, outcome, isReported }) => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const [sibling, child] = [tree.child('sibling'), tree.child('child')];
    await tree.pool.startChild(sibling.spec());
    await tree.pool.startChild(child.spec({ restart }));
    tree.clearRecords();
    const siblingPid = sibling.pid;
    child.current.exit(reason);
    await tree.settled();

    expect(child.starts).toBe(outcome === 'restarted' ? 2 : 1);
    expect(sibling.pid).toBe(siblingPid);
    expect((await tree.pool.countChildren()).specs).toBe(outcome === 'restarted' ? 2 : 1);
    expect(tree.errors).toEqual(isReported ? [`child_terminated child: ${describeReason(reason)}`] : []);
  });

  test('a child that ends normally while it starts has started and ended', async () => {
    await using tree = new TestTree();
    const child = tree.child('child');
    child.script.push((context, incarnation) => {
      context.exit(NORMAL);
      return incarnation;
    });
    await tree.boot({ children: [child.spec({ restart: 'transient' })] });
    await tree.settled();
    expect(child.starts).toBe(1);
    expect(await tree.root.whichChildren()).toEqual([{ id: 'child', pid: undefined, type: 'worker' }]);
  });

  test('a permanent dynamic child that ends normally while it restarts is counted once and can be terminated', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic({ intensity: 2 });
    const child = tree.child('child');
    await tree.pool.startChild(child.spec());
    child.script.push(async (context, incarnation) => {
      context.exit(NORMAL);
      return incarnation;
    });
    child.current.crash();
    await tree.settled();
    expect(child.starts).toBe(3);
    expect((await tree.pool.countChildren()).specs).toBe(1);
    expect(await tree.pool.terminateChild(child.current.pid)).toEqual({ ok: true });
    expect(child.live).toEqual([]);
  });
});
