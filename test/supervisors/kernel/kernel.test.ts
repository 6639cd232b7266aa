import { describe, expect, test } from 'vitest';
import { KILLED, NOPROC, NORMAL, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import type { AnyEvent, Asked } from '#supervisors/kernel/process.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { TestTree } from '../../support/test-tree.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import type { TestChild, TestChildOptions } from '../../support/test-child.ts';

async function withCallee(tree: TestTree, options: TestChildOptions = {}, mailboxLimit = 10): Promise<TestChild> {
  const callee = tree.child('callee', options);
  await tree.boot({ intensity: 10, children: [callee.spec({ mailboxLimit })] });
  return callee;
}

function asked(event: AnyEvent | undefined): Asked {
  return event as AnyEvent & Asked;
}

const echo: TestChildOptions = { onEvent: (event) => asked(event).reply?.(event['value']) };

describe('send', () => {
  test('an event arrives after the sender has gone on, in the order of sending', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    expect(tree.kernel.send('callee', { type: 'one' })).toBe(true);
    tree.kernel.send('callee', { type: 'two' });
    expect(callee.current.received).toEqual([]);
    await tree.settled();
    expect(callee.current.received).toEqual([{ type: 'one' }, { type: 'two' }]);
  });

  test('false when nobody runs under the name', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    expect(tree.kernel.send('nobody', { type: 'one' })).toBe(false);
  });

  test('what was sent to a dead incarnation does not reach the next one', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    tree.kernel.send('callee', { type: 'old' });
    tree.kernel.kill('callee');
    await tree.settled();
    expect(callee.incarnations.flatMap(({ received }) => received)).toEqual([]);
    expect(callee.starts).toBe(2);
  });

  test('a receiver that throws crashes alone, and the events behind it arrive', async () => {
    await using tree = new TestTree();
    const thrower = tree.child('thrower', { onEvent: () => { throw new Error('cannot'); } });
    const other = tree.child('other');
    await tree.boot({ children: [thrower.spec(), other.spec()] });
    const { pid } = other;
    tree.kernel.send('thrower', { type: 'x' });
    tree.kernel.send('other', { type: 'y' });
    await tree.settled();
    expect([thrower.starts, other.pid, other.current.received]).toEqual([2, pid, [{ type: 'y' }]]);
    expect(tree.errors).toEqual(['child_terminated thrower: error: Error: cannot']);
  });

  test('a full mailbox takes nothing: send is false, ask OVERLOADED, both reported', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree, {}, 3);
    const sent = [1, 2, 3, 4].map((value) => tree.kernel.send('callee', { type: 'n', value }));
    expect(sent).toEqual([true, true, true, false]);
    const refused = tree.kernel.ask('callee', { type: 'q' });
    expect(tree.kernel.tree()?.children).toMatchObject([{ mailbox: 3 }]);
    await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED' });
    await tree.settled();
    expect(callee.current.received).toHaveLength(3);
    expect(tree.story).toEqual(['overloaded callee', 'overloaded callee']);
    expect(tree.kernel.send('callee', { type: 'n' })).toBe(true);
  });
});

describe('ask', () => {
  test('resolves with the reply', async () => {
    await using tree = new TestTree();
    await withCallee(tree, echo);
    expect(await tree.kernel.ask('callee', { type: 'q', value: 42 })).toBe(42);
    expect(tree.clock.pendingTimers).toBe(0);
  });

  test('rejects with what the callee failed with, and the callee goes on', async () => {
    await using tree = new TestTree();
    const error = new RangeError('too far');
    const callee = await withCallee(tree, { onEvent: (event) => asked(event).fail(error) });
    await expect(tree.kernel.ask('callee', { type: 'q' })).rejects.toBe(error);
    expect([callee.starts, tree.clock.pendingTimers]).toEqual([1, 0]);
  });

  test('rejects at once when nobody runs under the name', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    await expect(tree.kernel.ask('nobody', { type: 'q' })).rejects.toMatchObject({ code: 'ACTOR_DOWN', message: 'nobody is down: noproc' });
  });

  test('rejects at once when the callee dies, without time passing', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    const reply = tree.kernel.ask('callee', { type: 'q' });
    await tree.settled();
    callee.current.crash();
    await expect(reply).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
    expect([tree.clock.now(), tree.clock.pendingTimers]).toEqual([0, 0]);
  });

  test('rejects with ASK_TIMEOUT after its time, and a later reply does nothing', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    const reply = tree.kernel.ask('callee', { type: 'q' }, { timeoutMs: 100 });
    const outcome = reply.then(() => 'replied', (error: { code: string }) => error.code);
    await tree.clock.advance(100);
    expect(await outcome).toBe('ASK_TIMEOUT');
    asked(callee.current.received[0]).reply('late');
    asked(callee.current.received[0]).fail(new Error('later'));
    await tree.settled();
    expect([callee.starts, tree.story, tree.clock.pendingTimers]).toEqual([1, [], 0]);
  });

  test('waits 5 s when not told otherwise', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    let code: string | undefined;
    void tree.kernel.ask('callee', { type: 'q' }).catch((error: { code: string }) => void (code = error.code));
    await tree.clock.advance(4999);
    expect(code).toBeUndefined();
    await tree.clock.advance(1);
    expect(code).toBe('ASK_TIMEOUT');
  });

  test('rejects with the reason of its signal, before or during the wait, and leaves no listener', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    const reason = new Error('left');
    await expect(tree.kernel.ask('callee', { type: 'q' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(callee.current.received).toEqual([]);
    const controller = new AbortController();
    const reply = tree.kernel.ask('callee', { type: 'q' }, { signal: controller.signal });
    controller.abort(reason);
    await expect(reply).rejects.toBe(reason);
    expect(tree.clock.pendingTimers).toBe(0);
  });

  test('leaves no listener on a signal that outlives it', async () => {
    await using tree = new TestTree();
    await withCallee(tree, echo);
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...given: Parameters<typeof addEventListener>) => (listeners += 1, addEventListener.apply(signal, given));
    signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => (listeners -= 1, removeEventListener.apply(signal, given));
    await tree.kernel.ask('callee', { type: 'q' }, { signal });
    await tree.kernel.whenUp('callee', 100, signal);
    expect(listeners).toBe(0);
  });

  test('leaves nothing with a callee that outlives it', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree, echo, 1000);
    const signals = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const { signal } = new AbortController();
        await tree.kernel.ask('callee', { type: 'q' }, { signal });
        return new WeakRef(signal);
      }),
    );
    callee.current.received.length = 0;
    const isGone = () => signals.every((signal) => signal.deref() === undefined);
    await collectGarbage(isGone);
    expect(isGone()).toBe(true);
  });

  test('only the first answer counts', async () => {
    await using tree = new TestTree();
    await withCallee(tree, { onEvent: (event) => { asked(event).reply(1); asked(event).fail(new Error('no')); asked(event).reply(2); } });
    expect(await tree.kernel.ask('callee', { type: 'q' })).toBe(1);
  });
});

describe('monitor', () => {
  test('tells the reason once, when the process ends', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    const reasons: ExitReason[] = [];
    tree.kernel.monitor('callee', (reason) => reasons.push(reason));
    callee.current.exit(NORMAL);
    await tree.settled();
    tree.kernel.kill('callee');
    await tree.settled();
    expect(reasons).toEqual([NORMAL]);
  });

  test('tells noproc soon when there is no such process, unless it was taken back', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    const reasons: ExitReason[] = [];
    tree.kernel.monitor('nobody', (reason) => reasons.push(reason));
    const stop = tree.kernel.monitor('nobody', () => reasons.push(SHUTDOWN));
    stop();
    expect(reasons).toEqual([]);
    await tree.settled();
    expect(reasons).toEqual([NOPROC]);
  });

  test('tells nothing after it was taken back', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    const reasons: ExitReason[] = [];
    tree.kernel.monitor('callee', (reason) => reasons.push(reason))();
    tree.kernel.kill('callee');
    await tree.settled();
    expect(reasons).toEqual([]);
  });

  test('a watcher that throws keeps neither the other watchers nor the restart from their turn', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    const reasons: ExitReason[] = [];
    tree.kernel.monitor('callee', () => { throw new Error('watcher'); });
    tree.kernel.monitor('callee', (reason) => reasons.push(reason));
    tree.kernel.kill('callee');
    await tree.settled();
    expect([reasons, callee.starts]).toEqual([[KILLED], 2]);
    expect(tree.story[0]).toBe('stray nobody: Error: watcher');
  });
});

describe('names', () => {
  test('a name is found only when the start has ended', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const child = tree.child('a');
    const held = child.holdStart();
    const starting = tree.root.startChild(child.spec());
    await tree.settled();
    expect([tree.kernel.whereis('a'), tree.kernel.send('a', { type: 'x' })]).toEqual([undefined, false]);
    held.release();
    await starting;
    expect(tree.kernel.whereis('a')).toBe(child.pid);
  });

  test('T130 a name is free in the moment its process ends', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    callee.current.crash();
    expect(tree.kernel.whereis('callee')).toBeUndefined();
    await tree.settled();
    expect(tree.kernel.whereis('callee')).toBe(callee.pid);
  });

  test('T130 a taken name is refused with already_started and the holder goes on', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    const thief = tree.child('thief');
    const result = await tree.root.startChild({ ...thief.spec(), name: 'callee' });
    expect(result).toEqual({ ok: false, error: { tag: 'already_started', pid: callee.pid } });
    expect([thief.starts, callee.live.length, tree.kernel.whereis('callee')]).toEqual([0, 1, callee.pid]);
  });

  test('the name of a start that failed is free again', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const child = tree.child('a');
    child.failStarts(1);
    expect(await tree.root.startChild(child.spec())).toMatchObject({ ok: false });
    expect(await tree.root.startChild(child.spec())).toMatchObject({ ok: true });
  });

  test('the table of a process is there as long as the process is', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    expect(tree.kernel.table('callee')).toBe(callee.current);
    callee.current.crash();
    expect(tree.kernel.table('callee')).toBeUndefined();
  });
});

describe('whenUp', () => {
  test('resolves at once for who runs, and with the restart for who is restarting', async () => {
    await using tree = new TestTree();
    const callee = await withCallee(tree);
    await tree.kernel.whenUp('callee', 100);
    callee.current.crash();
    await tree.kernel.whenUp('callee', 100);
    expect([callee.starts, tree.clock.pendingTimers]).toEqual([2, 0]);
  });

  test('rejects with ACTOR_DOWN after its time', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    const up = tree.kernel.whenUp('nobody', 100);
    const outcome = up.then(() => 'up', (error: { code: string }) => error.code);
    await tree.clock.advance(100);
    expect([await outcome, tree.clock.pendingTimers]).toEqual(['ACTOR_DOWN', 0]);
  });

  test('rejects with the reason of its signal, before or during the wait', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    const reason = new Error('left');
    await expect(tree.kernel.whenUp('nobody', 100, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const up = tree.kernel.whenUp('nobody', 100, controller.signal);
    controller.abort(reason);
    await expect(up).rejects.toBe(reason);
    expect(tree.clock.pendingTimers).toBe(0);
  });
});

function strayListeners(): number {
  return process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
}

describe('boot and stop', () => {
  test('a kernel boots one tree', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    await expect(tree.kernel.boot({ name: 'other', start: supervisor({ children: [] }) })).rejects.toThrow(TypeError);
  });

  test('stop before boot answers noproc', async () => {
    await using tree = new TestTree();
    expect(await tree.kernel.stop()).toEqual(NOPROC);
  });

  test('stop during the start waits for it and then ends the tree', async () => {
    await using tree = new TestTree();
    const [a, b] = [tree.child('a'), tree.child('b')];
    const held = b.holdStart();
    const boot = tree.boot({ children: [a.spec(), b.spec()] });
    await tree.settled();
    const stopped = tree.kernel.stop();
    held.release();
    await boot;
    expect(await stopped).toEqual(SHUTDOWN);
    expect([a.live, b.live]).toEqual([[], []]);
  });

  test('stop twice ends once', async () => {
    await using tree = new TestTree();
    await withCallee(tree);
    expect(await Promise.all([tree.kernel.stop(), tree.kernel.stop()])).toEqual([SHUTDOWN, SHUTDOWN]);
    expect(tree.log).toEqual(['stop callee']);
  });

  test('no process handler of Node is left after stop or after a failed boot', async () => {
    const before = strayListeners();
    const tree = new TestTree();
    expect(strayListeners()).toBe(before + 2);
    await withCallee(tree);
    await tree.kernel.stop();
    const failing = new TestTree();
    await expect(failing.boot(() => { throw new Error('no'); })).rejects.toThrow('no');
    expect(strayListeners()).toBe(before);
  });
});
