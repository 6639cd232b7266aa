import { fromPromise, setup } from 'xstate';
import type { CurrentModels } from './current-models.ts';
import type { ModelChoice, ModelsEvent } from './models.events.ts';

export interface ModelsInput {
  readonly current: CurrentModels;
  /** What an operator chose before the last start; undefined where nobody did, or it cannot be used any more. */
  readonly restore: () => Promise<ModelChoice | undefined>;
}

/**
 * restoring  entered at the start; reads what an operator chose before; the settings hold meanwhile; left with what was
 *            found (chosen, or asSet when there is nothing), tried again when the store does not answer.
 * asSet      the models of the settings answer; left by a change (chosen).
 * chosen     an operator's models answer; a change replaces them.
 */
export const modelsMachine = setup({
  types: { context: {} as ModelsInput, events: {} as ModelsEvent, input: {} as ModelsInput },
  actors: { restore: fromPromise<ModelChoice | undefined, ModelsInput>(({ input }) => input.restore()) },
  delays: { retry: 1000 },
  actions: {
    change: ({ context, event }) => {
      try {
        context.current.change(event.choice);
        event.reply();
      } catch (error) {
        event.fail(error);
      }
    },
    restored: ({ context }, choice: ModelChoice | undefined) => {
      if (choice !== undefined) context.current.change(choice);
    },
  },
  guards: { isFound: (_, choice: ModelChoice | undefined) => choice !== undefined },
}).createMachine({
  id: 'models',
  context: ({ input }) => input,
  initial: 'restoring',
  on: { change: { target: '.chosen', actions: 'change' } },
  states: {
    restoring: {
      invoke: {
        src: 'restore',
        input: ({ context }) => context,
        onDone: [
          {
            guard: { type: 'isFound', params: ({ event }) => event.output },
            target: 'chosen',
            actions: { type: 'restored', params: ({ event }) => event.output },
          },
          { target: 'asSet' },
        ],
        onError: 'waiting',
      },
    },
    waiting: { after: { retry: 'restoring' } },
    asSet: {},
    chosen: {},
  },
});
