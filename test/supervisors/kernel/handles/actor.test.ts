import { describe, expect, test } from 'vitest';
import { assign, fromCallback, fromPromise, fromTransition, setup } from 'xstate';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { ActorOptions } from '#supervisors/kernel/handles/actor.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { collectGarbage } from '../../../support/collect-garbage.ts';
import { TestTree } from '../../../support/test-tree.ts';

function boom(): never {
  throw new Error('boom');
}

/** A tree with the actor under test and a scripted sibling that must not notice anything. */
async function bootActor(tree: TestTree, start: StartFunction, more: object = {}) {
  const sibling = tree.child('sibling');
  await tree.boot({ intensity: 10, children: [sibling.spec(), { id: 'machine', name: 'machine', start, ...more }] });
  return sibling;
}

const counter = fromTransition((count: number, event: { type: 'add' } | { type: 'crash' }) => (event.type === 'crash' ? boom() : count + 1), 0);

describe('actor', () => {
  test('an exception in a transition restarts this actor from its first state, and no other', async () => {
    await using tree = new TestTree();
    const sibling = await bootActor(tree, actor(counter, { table: (snapshot) => ({ first: snapshot.context }) }));
    const { pid } = sibling;
    const before = tree.kernel.whereis('machine');
    tree.kernel.send('machine', { type: 'add' });
    tree.kernel.send('machine', { type: 'crash' });
    await tree.settled();
    expect(tree.kernel.whereis('machine')).not.toBe(before);
    expect([tree.kernel.table('machine'), sibling.pid]).toEqual([{ first: 0 }, pid]);
    expect(tree.story).toEqual(['exit machine: error: Error: boom', 'child_terminated machine: error: Error: boom', 'progress machine', 'restart machine']);
  });

  const broken = {
    guard: { initial: 'on', states: { on: { on: { crash: { guard: boom } } } } },
    action: { initial: 'on', states: { on: { on: { crash: { actions: boom } } } } },
    'assign of a transition': { initial: 'on', states: { on: { on: { crash: { actions: assign(boom) } } } } },
    'entry action': { initial: 'on', states: { on: { on: { crash: 'off' } }, off: { entry: boom } } },
  };
  test.for(Object.entries(broken))('an exception in a %s restarts the actor', async ([, config]) => {
    await using tree = new TestTree();
    await bootActor(tree, actor(setup({}).createMachine(config as object)));
    const before = tree.kernel.whereis('machine');
    tree.kernel.send('machine', { type: 'crash' });
    await tree.settled();
    expect(tree.kernel.whereis('machine')).toBeGreaterThan(before ?? Infinity);
    expect(tree.errors).toHaveLength(1);
  });

  const unstartable: readonly (readonly [string, StartFunction])[] = [
    ['first entry action', actor(setup({}).createMachine({ entry: boom }))],
    ['context', actor(setup({}).createMachine({ context: boom }))],
    ['input', actor(counter, { input: boom } as ActorOptions<typeof counter>)],
    ['table', actor(counter, { table: boom })],
  ];
  test.for(unstartable)('an exception in the %s fails the start with that exception', async ([, start]) => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const result = await tree.root.startChild({ id: 'machine', start });
    expect(result).toMatchObject({ ok: false, error: { tag: 'start_failed', reason: { message: 'boom' } } });
  });

  test('a table that cannot be made stops the machine that it belongs to', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const machine = setup({}).createMachine({ after: { 1000: { actions: boom } } });
    expect(await tree.root.startChild({ id: 'machine', start: actor(machine, { table: boom }) })).toMatchObject({ ok: false });
    expect(tree.clock.pendingTimers).toBe(0);
  });

  test('a machine that reaches its final state has ended normally', async () => {
    await using tree = new TestTree();
    const machine = setup({}).createMachine({ initial: 'on', states: { on: { on: { finish: 'off' } }, off: { type: 'final' } } });
    await bootActor(tree, actor(machine), { restart: 'transient' });
    tree.kernel.send('machine', { type: 'finish' });
    await tree.settled();
    expect([tree.kernel.whereis('machine'), tree.story]).toEqual([undefined, ['exit machine: normal']]);
  });

  test('the state of a machine is shown in the tree, of nested ones the outermost', async () => {
    await using tree = new TestTree();
    const machine = setup({}).createMachine({
      initial: 'idle', states: { idle: { on: { go: 'busy' } }, busy: { initial: 'reading', states: { reading: {} } } },
    });
    await bootActor(tree, actor(machine));
    const state = () => tree.kernel.tree()?.children[1]?.state;
    expect(state()).toBe('idle');
    tree.kernel.send('machine', { type: 'go' });
    await tree.settled();
    expect(state()).toBe('busy');
  });

  test('input is made anew for each incarnation', async () => {
    await using tree = new TestTree();
    const logic = fromTransition((state: number, event: { type: 'crash' }) => (event.type === 'crash' ? boom() : state), ({ input }: { input: number }) => input);
    await bootActor(tree, actor(logic, { input: ({ pid }) => pid, table: ({ context }) => context }));
    expect(tree.kernel.table('machine')).toBe(tree.kernel.whereis('machine'));
    tree.kernel.send('machine', { type: 'crash' });
    await tree.settled();
    expect(tree.kernel.table('machine')).toBe(tree.kernel.whereis('machine'));
  });
});

describe('shutdown of an actor', () => {
  test('a machine that takes the shutdown event is waited for until it is done', async () => {
    await using tree = new TestTree();
    const machine = setup({}).createMachine({
      initial: 'on',
      states: { on: { on: { shutdown: 'draining' } }, draining: { after: { 100: 'done' } }, done: { type: 'final' } },
    });
    await bootActor(tree, actor(machine));
    const stopped = tree.kernel.stop();
    await tree.clock.advance(99);
    expect(tree.exitReason).toBeUndefined();
    await tree.clock.advance(1);
    expect([await stopped, tree.errors]).toEqual([SHUTDOWN, []]);
  });

  test('a machine that drains too long is killed, with its timers', async () => {
    await using tree = new TestTree();
    const machine = setup({}).createMachine({ initial: 'on', states: { on: { on: { shutdown: 'draining' } }, draining: { after: { 100_000: 'on' } } } });
    await bootActor(tree, actor(machine), { shutdown: 50 });
    void tree.kernel.stop();
    await tree.clock.advance(50);
    expect(tree.errors).toEqual(['shutdown_error machine: killed']);
    expect([tree.exitReason, tree.clock.pendingTimers]).toEqual([SHUTDOWN, 0]);
  });

  test.for([
    ['a machine that does not know the event', actor(setup({}).createMachine({ after: { 1000: {} } }))],
    ['a transition function', actor(counter)],
  ] as const)('%s ends at once', async ([, start]) => {
    await using tree = new TestTree();
    await bootActor(tree, start);
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect([tree.errors, tree.clock.pendingTimers]).toEqual([[], 0]);
  });

  test('a guard that throws at the shutdown event crashes the machine and does not hold the stop up', async () => {
    await using tree = new TestTree();
    await bootActor(tree, actor(setup({}).createMachine({ on: { shutdown: { guard: boom } } })));
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect(tree.errors).toHaveLength(1);
    expect(tree.errors[0]).toContain('shutdown_error machine: error');
  });
});

function living(refs: readonly WeakRef<object>[]): number {
  return refs.filter((ref) => ref.deref() !== undefined).length;
}

describe('reaping', () => {
  interface Traces {
    isDisposed: boolean;
    isAborted: boolean;
    innerTicks: number;
  }

  /** A machine with one child of each kind, which crashes on `crash`. */
  function parent(traces: Traces) {
    const interval = fromCallback(() => () => void (traces.isDisposed = true));
    const request = fromPromise<void>(({ signal }) => {
      signal.addEventListener('abort', () => void (traces.isAborted = true));
      return Promise.withResolvers<void>().promise;
    });
    const inner = setup({}).createMachine({
      initial: 'on', states: { on: { after: { 100: { target: 'on', reenter: true, actions: () => void (traces.innerTicks += 1) } } } },
    });
    return setup({ actors: { interval, request, inner } }).createMachine({
      invoke: [{ id: 'interval', src: 'interval' }, { id: 'request', src: 'request' }, { id: 'inner', src: 'inner' }],
      after: { 60_000: { actions: boom } },
      on: { crash: { actions: boom } },
    });
  }

  test.for(['crash', 'kill'] as const)('after a %s the machine’s callback is disposed, its promise aborted, its nested machine stopped', async (end) => {
    await using tree = new TestTree();
    const traces: Traces = { isDisposed: false, isAborted: false, innerTicks: 0 };
    await bootActor(tree, actor(parent(traces)), { restart: 'temporary' });
    await tree.clock.advance(250);
    expect(traces).toEqual({ isDisposed: false, isAborted: false, innerTicks: 2 });
    if (end === 'crash') tree.kernel.send('machine', { type: 'crash' });
    else tree.kernel.kill('machine');
    await tree.clock.advance(1000);
    expect(traces).toEqual({ isDisposed: true, isAborted: true, innerTicks: 2 });
    expect([tree.clock.pendingTimers, tree.errors.length]).toEqual([0, 1]);
  });

  test('a machine that lives long forgets the children that have ended', async () => {
    await using tree = new TestTree();
    const refs: WeakRef<object>[] = [];
    const brief = fromPromise(async ({ self }) => void refs.push(new WeakRef(self)));
    const machine = setup({ actors: { brief } }).createMachine({
      initial: 'busy', states: { busy: { invoke: { src: 'brief', id: 'brief', onDone: 'idle' } }, idle: { on: { again: 'busy' } } },
    });
    await bootActor(tree, actor(machine));
    for (let round = 0; round < 100; round += 1) {
      tree.kernel.send('machine', { type: 'again' });
      await tree.settled();
    }
    await collectGarbage(() => living(refs) < 40);
    expect(refs.length).toBeGreaterThan(90);
    expect(living(refs)).toBeLessThan(40);
  });

  test('a child of the machine that crashed takes its own children with it', async () => {
    await using tree = new TestTree();
    const traces: Traces = { isDisposed: false, isAborted: false, innerTicks: 0 };
    const grandparent = setup({ actors: { parent: parent(traces) } }).createMachine({
      invoke: { id: 'parent', src: 'parent' },
      on: { crash: { actions: ({ self }) => self.getSnapshot().children.parent?.send({ type: 'crash' }) } },
    });
    await bootActor(tree, actor(grandparent), { restart: 'temporary' });
    tree.kernel.send('machine', { type: 'crash' });
    await tree.clock.advance(1000);
    expect(traces).toEqual({ isDisposed: true, isAborted: true, innerTicks: 0 });
    expect([tree.kernel.whereis('machine'), tree.clock.pendingTimers]).toEqual([undefined, 0]);
  });
});
