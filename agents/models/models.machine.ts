import { fromPromise, setup } from 'xstate';
import { ServiceError } from '#src/errors.ts';
import type { CurrentModels } from './current-models.ts';
import type { ModelChoice, ModelsEvent } from './models.events.ts';

export interface ModelsInput {
  readonly current: CurrentModels;
  /** What an operator chose before the last start; undefined where nobody did, or it cannot be used any more. */
  readonly restore: () => Promise<ModelChoice | undefined>;
}

const RETRY_MS = 1000;

/**
 * restoring  entered at the start; reads what an operator chose before; the settings hold meanwhile; left with what was
 *            found (chosen), nothing (asSet), or no answer of the store (waiting).
 * waiting    entered from restoring; left after a second (restoring).
 * asSet      the models of the settings answer; left by a change (chosen).
 * chosen     an operator's models answer; left by a change that could not be kept and is taken back (asSet).
 * A change to models that cannot be used is refused; so is any while it is not known what it would be made on top of.
 */
export const modelsMachine = setup({
  types: { context: {} as ModelsInput, events: {} as ModelsEvent, input: {} as ModelsInput },
  actors: { restore: fromPromise<ModelChoice | undefined, ModelsInput>(({ input }) => input.restore()) },
  delays: { retry: RETRY_MS },
  actions: {
    change: ({ context, event }) => {
      context.current.change(event.choice);
      event.reply();
    },
    refuse: ({ context, event }) => event.fail(context.current.refusalOf(event.choice)),
    refuseForNow: ({ event }) => event.fail(new ServiceError('ACTOR_DOWN', 'what was chosen before is not known yet', { retryAfterMs: RETRY_MS })),
    restored: ({ context }, choice: ModelChoice | undefined) => {
      if (choice !== undefined) context.current.change(choice);
    },
  },
  guards: {
    isFound: (_, choice: ModelChoice | undefined) => choice !== undefined,
    isUnusable: ({ context, event }) => context.current.refusalOf(event.choice) !== undefined,
    isOfSettings: ({ event }) => event.choice.source === 'settings',
  },
}).createMachine({
  id: 'models',
  context: ({ input }) => input,
  initial: 'restoring',
  on: {
    change: [
      { guard: 'isUnusable', actions: 'refuse' },
      { guard: 'isOfSettings', target: '.asSet', actions: 'change' },
      { target: '.chosen', actions: 'change' },
    ],
  },
  states: {
    restoring: {
      on: { change: { actions: 'refuseForNow' } },
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
    waiting: { on: { change: { actions: 'refuseForNow' } }, after: { retry: 'restoring' } },
    asSet: {},
    chosen: {},
  },
});
