import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { fromTransition, setup } from 'xstate';
import type { Asked } from '#supervisors/kernel/process.ts';

export const POOL = 'pool';

/** A restart budget that no benchmark uses up. */
const BUDGET = { intensity: 1_000_000, periodMs: 60_000 };
const IDLE_MS = 3_600_000;

/** Runs `measure` on a tree of a dynamic supervisor `pool` and the given children, then ends the tree. */
export async function withKernel<T>(children: readonly ChildSpec[], measure: (kernel: Kernel) => Promise<T>): Promise<T> {
  const kernel = new Kernel();
  const pool: ChildSpec = { id: POOL, name: POOL, type: 'supervisor', start: dynamicSupervisor(BUDGET) };
  await kernel.boot({ name: 'bench', start: supervisor({ ...BUDGET, children: [...children, pool] }) });
  try {
    return await measure(kernel);
  } finally {
    await kernel.stop();
  }
}

type MachineEvent = ({ readonly type: 'ask' } & Asked<number>) | { readonly type: 'work' | 'stop' | 'finish' | 'crash' };

/** A machine of a session's size: five states, six keys of context, one timer that runs while it is idle. */
const machine = setup({
  types: {
    context: {} as { a: number; b: string; c: readonly string[]; d: undefined; e: boolean; f: number },
    events: {} as MachineEvent,
  },
}).createMachine({
  context: { a: 0, b: '', c: [], d: undefined, e: false, f: 0 },
  initial: 'idle',
  on: {
    ask: { actions: ({ context, event }) => event.reply(context.a) },
    crash: {
      actions: () => {
        throw new Error('crash on purpose');
      },
    },
  },
  states: {
    idle: { on: { work: 'working' }, after: { [IDLE_MS]: 'closed' } },
    working: { on: { stop: 'stopping', finish: 'ending' } },
    stopping: { on: { finish: 'ending' } },
    ending: { always: 'idle' },
    closed: { type: 'final' },
  },
});

const counter = fromTransition((count: number, event: { readonly type: 'ask' } & Asked<number>) => {
  event.reply(count);
  return count + 1;
}, 0);

export function machineSpec(name: string): ChildSpec {
  return { id: 'machine', name, start: actor(machine) };
}

/** An actor without states, as the cache and the rate limit are. */
export function counterSpec(name: string): ChildSpec {
  return { id: 'counter', name, start: actor(counter) };
}
