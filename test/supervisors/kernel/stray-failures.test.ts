import { EventEmitter } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fromCallback, setup } from 'xstate';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { eventually } from '../../support/eventually.ts';
import { TestTree } from '../../support/test-tree.ts';

const ORIGINS = ['uncaughtException', 'unhandledRejection'] as const;
const boom = (): never => {
  throw new Error('boom');
};

/** The test runner fails a run in which anything is stray: its own listeners are off while these tests run. */
let runnersOwn: { origin: (typeof ORIGINS)[number]; listener: () => void }[];
beforeEach(() => {
  runnersOwn = ORIGINS.flatMap((origin) => process.listeners(origin as 'uncaughtException').map((listener) => ({ origin, listener: listener as () => void })));
  for (const { origin, listener } of runnersOwn) process.off(origin, listener);
});
afterEach(() => {
  for (const { origin, listener } of runnersOwn) process.on(origin, listener);
});

async function bootPair(tree: TestTree, strayCode: () => void) {
  const victim = tree.child('victim', { onEvent: strayCode });
  const sibling = tree.child('sibling');
  await tree.boot({ intensity: 10, children: [sibling.spec(), victim.spec()] });
  return { victim, sibling };
}

const sources: readonly (readonly [string, string, () => void])[] = [
  ['a timer', 'uncaughtException', () => void setTimeout(boom, 0)],
  ['an interval', 'uncaughtException', () => { const timer = setInterval(() => (clearInterval(timer), boom()), 1); }],
  ['an immediate', 'uncaughtException', () => void setImmediate(boom)],
  ['a next tick', 'uncaughtException', () => process.nextTick(boom)],
  ['a microtask', 'uncaughtException', () => queueMicrotask(boom)],
  ['a promise', 'unhandledRejection', () => void Promise.reject(new Error('boom'))],
  ['an async function', 'unhandledRejection', () => void (async () => { await Promise.resolve(); boom(); })()],
  ['an async function after a timer', 'unhandledRejection', () => void (async () => { await nextTimer(); boom(); })()],
  ['an event emitter without an error listener', 'uncaughtException', () => void setImmediate(() => new EventEmitter().emit('error', new Error('boom')))],
];

/** Any timer will do: what matters is that the code goes on in another turn of the loop. */
function nextTimer(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve));
}

describe('stray failures', () => {
  test.for(sources)('an exception in %s restarts the actor that caused it, and no other', async ([, origin, strayCode]) => {
    await using tree = new TestTree();
    const { victim, sibling } = await bootPair(tree, strayCode);
    const { pid } = sibling;
    tree.kernel.send('victim', { type: 'x' });
    await eventually(() => expect(victim.starts).toBe(2));
    expect([victim.live.length, sibling.starts, sibling.pid]).toEqual([1, 1, pid]);
    expect(tree.reports[0]).toMatchObject({ type: 'stray', origin, owner: 'victim', error: { message: 'boom' } });
    expect(tree.story.slice(1)).toEqual([
      'exit victim: error: Error: boom', 'child_terminated victim: error: Error: boom', 'progress victim', 'restart victim',
    ]);
  });

  test('an error of a socket without a listener restarts the actor that opened it', async () => {
    const closed = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
    });
    await using tree = new TestTree();
    const { victim, sibling } = await bootPair(tree, () => void connect(closed, '127.0.0.1'));
    tree.kernel.send('victim', { type: 'x' });
    await eventually(() => expect(victim.starts).toBe(2));
    expect(sibling.starts).toBe(1);
    expect(tree.reports[0]).toMatchObject({ type: 'stray', owner: 'victim', error: { code: 'ECONNREFUSED' } });
  });

  test.for([
    ['an interval of a callback actor', actor(fromCallback(() => { const timer = setInterval(boom, 1); return () => clearInterval(timer); }))],
    ['an async action of a machine', actor(setup({}).createMachine({ entry: async () => { await Promise.resolve(); boom(); } }))],
  ] as const)('%s is charged to its actor', async ([, start]) => {
    await using tree = new TestTree();
    const sibling = tree.child('sibling');
    await tree.boot({ intensity: 10, children: [sibling.spec(), { id: 'machine', restart: 'temporary', start }] });
    await eventually(() => expect(tree.errors).not.toEqual([]));
    expect(tree.errors).toEqual(['child_terminated machine: error: Error: boom']);
    expect([sibling.starts, (await tree.root.whichChildren()).length]).toEqual([1, 1]);
  });

  test('the failure of an actor that has ended is reported and restarts nothing', async () => {
    await using tree = new TestTree();
    const { victim } = await bootPair(tree, () => void setTimeout(boom, 1));
    tree.kernel.send('victim', { type: 'x' });
    await tree.settled();
    tree.kernel.kill('victim');
    await eventually(() => expect(tree.reports).toContainEqual(expect.objectContaining({ type: 'stray' })));
    await tree.settled();
    expect([victim.starts, tree.errors]).toEqual([2, ['child_terminated victim: killed']]);
  });

  test('a failure while an actor starts fails its start', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const starting = tree.root.startChild({
      id: 'a', start: () => (setImmediate(boom), Promise.withResolvers<'ignore'>().promise),
    });
    expect(await starting).toMatchObject({ ok: false, error: { tag: 'start_failed', reason: { message: 'boom' } } });
    expect(tree.clock.pendingTimers).toBe(0);
  });

  test('a failure that belongs to nobody goes to onOrphanFailure, and the tree lives', async () => {
    const orphans: unknown[] = [];
    await using tree = new TestTree({ onOrphanFailure: (error, origin) => orphans.push(origin, error) });
    const { victim, sibling } = await bootPair(tree, boom);
    setImmediate(boom);
    await eventually(() => expect(orphans).not.toEqual([]));
    expect(orphans).toMatchObject(['uncaughtException', { message: 'boom' }]);
    expect([victim.starts, sibling.starts, tree.story]).toEqual([1, 1, ['stray nobody: Error: boom']]);
  });

  test('a failure that belongs to nobody ends the tree when nothing else was said', async () => {
    const tree = new TestTree();
    const { victim, sibling } = await bootPair(tree, boom);
    setImmediate(boom);
    await eventually(() => expect(tree.exitReason).toBeDefined());
    expect([tree.exitReason, victim.live, sibling.live]).toEqual([SHUTDOWN, [], []]);
    expect(tree.log).toEqual(['stop victim', 'stop sibling']);
  });

  test('what a watcher or a listener fails at later is not charged to the actor that it was told about', async () => {
    const orphans: unknown[] = [];
    await using tree = new TestTree({ onOrphanFailure: (error) => orphans.push(error) });
    const { victim } = await bootPair(tree, boom);
    tree.kernel.monitor('victim', () => void setTimeout(boom, 1));
    tree.kernel.onReport(({ type }) => { if (type === 'restart') setTimeout(boom, 1); });
    tree.kernel.send('victim', { type: 'x' });
    await eventually(() => expect(orphans).toHaveLength(2));
    expect(victim.starts).toBe(2);
  });

  test('a failure is charged in the kernel of its actor alone', async () => {
    await using tree = new TestTree();
    const orphans: unknown[] = [];
    const other = new Kernel({ onOrphanFailure: (error) => orphans.push(error) });
    await other.boot({ name: 'root', start: supervisor({ children: [] }) });
    const { victim } = await bootPair(tree, () => void setImmediate(boom));
    tree.kernel.send('victim', { type: 'x' });
    await eventually(() => expect(victim.starts).toBe(2));
    expect(orphans).toEqual([]);
    await other.stop();
  });
});
