import { fromPromise, setup } from 'xstate';
import { ServiceError } from '#src/errors.ts';

export interface AdopterInput {
  /** Opens every session that has a turn without an end. */
  readonly adopt: () => Promise<void>;
  /** Resolves when all sessions have died together and their supervisor runs again. */
  readonly whenLost: (signal: AbortSignal) => Promise<void>;
}

/**
 * adopting  entered at the start and when all sessions were lost; opens the sessions that have turns without an end: they
 *           find them and go on; left when that is done (watching), or when a part was not there (waiting).
 * watching  left when the supervisor of the sessions has died and is back (adopting), or does not come back (waiting).
 * waiting   left after a second (adopting).
 */
export const adopterMachine = setup({
  types: { context: {} as AdopterInput, input: {} as AdopterInput },
  delays: { retry: 1000 },
  actors: {
    adopt: fromPromise<void, AdopterInput>(({ input }) => input.adopt()),
    whenLost: fromPromise<void, AdopterInput>(({ input, signal }) => input.whenLost(signal)),
  },
}).createMachine({
  id: 'adopter',
  context: ({ input }) => input,
  initial: 'adopting',
  states: {
    adopting: {
      invoke: {
        src: 'adopt',
        input: ({ context }) => context,
        onDone: 'watching',
        onError: { guard: ({ event }) => event.error instanceof ServiceError, target: 'waiting' },
      },
    },
    watching: {
      invoke: {
        src: 'whenLost',
        input: ({ context }) => context,
        onDone: 'adopting',
        onError: { guard: ({ event }) => event.error instanceof ServiceError, target: 'waiting' },
      },
    },
    waiting: { after: { retry: 'adopting' } },
  },
});
