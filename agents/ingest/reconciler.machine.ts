import { fromPromise, setup } from 'xstate';
import { ServiceError } from '#src/errors.ts';

export interface ReconcilerInput {
  /** Starts a runner for every job that has none. */
  readonly sweep: () => Promise<void>;
  readonly intervalMs: number;
}

/**
 * sweeping  entered at the start and after each wait; starts the jobs that nobody runs: those of a process that was
 *           killed, and those that found no room; left when that is done, or the store is not there (waiting).
 * waiting   left after the interval (sweeping).
 */
export const reconcilerMachine = setup({
  types: { context: {} as ReconcilerInput, input: {} as ReconcilerInput },
  delays: { interval: ({ context }) => context.intervalMs },
  actors: { sweep: fromPromise<void, ReconcilerInput>(({ input }) => input.sweep()) },
}).createMachine({
  id: 'reconciler',
  context: ({ input }) => input,
  initial: 'sweeping',
  states: {
    sweeping: {
      invoke: {
        src: 'sweep',
        input: ({ context }) => context,
        onDone: 'waiting',
        onError: { guard: ({ event }) => event.error instanceof ServiceError, target: 'waiting' },
      },
    },
    waiting: { after: { interval: 'sweeping' } },
  },
});
