import { assign, fromPromise, setup } from 'xstate';
import type { ErrorBody } from '#src/errors.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { Flight } from './flight.ts';
import type { QueryEvent, QueryOutcome, Waiter } from './query.events.ts';
import type { Retrieved } from './retrieval.ts';
import type { Generated } from './steps.ts';

/** The steps of a question's way and those who are told its end, handed in by the agent. */
export interface QueryInput {
  readonly flight: Flight;
  retrieve(signal: AbortSignal): Promise<Retrieved>;
  /** Streams the answer into the flight and resolves with the whole of it. */
  generate(found: Retrieved, signal: AbortSignal): Promise<Generated>;
  /** Keeps what would be answered again, before anybody is told of it. */
  keep(generated: Generated): void;
  tell(waiter: Waiter, outcome: QueryOutcome): void;
}

interface QueryContext extends QueryInput {
  readonly found: Retrieved | undefined;
}

const DIVERGED: ErrorBody = toErrorBody(new ServiceError('TURN_INTERRUPTED'));

/**
 * waiting     entered at the start; left with the first waiter (retrieving), or when none comes (abandoned).
 * retrieving  entered from waiting; searches the documents; left by what was found (generating) or a failure (failed).
 * generating  entered from retrieving; the model writes into the flight; left by its end (answered) or a failure (failed).
 * answered    final; the answer is in the cache, every waiter is told it.
 * failed      final; every waiter is told the error.
 * abandoned   final; entered from anywhere when the last waiter leaves; what ran is aborted.
 * A failure that nobody designed crashes the actor: its waiters see it die and ask again.
 */
export const queryMachine = setup({
  types: { context: {} as QueryContext, events: {} as QueryEvent, input: {} as QueryInput },
  actors: {
    retrieve: fromPromise<Retrieved, QueryContext>(({ input, signal }) => input.retrieve(signal)),
    generate: fromPromise<Generated, QueryContext>(({ input, signal }) => {
      if (input.found === undefined) throw new TypeError('generating needs what was retrieved');
      return input.generate(input.found, signal);
    }),
  },
  delays: { noWaiter: 10_000 },
  guards: {
    isLastToLeave: ({ context, event }) => event.type === 'leave' && context.flight.waiters.every(({ turn }) => turn === event.turn),
  },
  actions: {
    join: ({ context, event }) => {
      if (event.type !== 'join') return;
      context.flight.join(event.waiter);
      event.reply();
    },
    leave: ({ context, event }) => {
      if (event.type === 'leave') event.reply(context.flight.leave(event.turn));
    },
    tellAnswer: ({ context }, { generated }: { generated: Generated }) => tellAnswer(context, generated),
    tellFailure: ({ context }, { error }: { error: ErrorBody }) => tellFailure(context, error),
  },
}).createMachine({
  id: 'query',
  context: ({ input }) => ({ ...input, found: undefined }),
  initial: 'waiting',
  on: {
    join: { actions: 'join' },
    leave: [{ guard: 'isLastToLeave', target: '.abandoned', actions: 'leave' }, { actions: 'leave' }],
  },
  states: {
    waiting: {
      on: { join: { target: 'retrieving', actions: 'join' } },
      after: { noWaiter: 'abandoned' },
    },
    retrieving: {
      invoke: {
        src: 'retrieve',
        input: ({ context }) => context,
        onDone: { target: 'generating', actions: assign({ found: ({ event }) => event.output }) },
        onError: {
          guard: ({ event }) => event.error instanceof ServiceError,
          target: 'failed',
          actions: { type: 'tellFailure', params: ({ event }) => ({ error: toErrorBody(event.error) }) },
        },
      },
    },
    generating: {
      invoke: {
        src: 'generate',
        input: ({ context }) => context,
        onDone: { target: 'answered', actions: { type: 'tellAnswer', params: ({ event }) => ({ generated: event.output }) } },
        onError: {
          guard: ({ event }) => event.error instanceof ServiceError,
          target: 'failed',
          actions: { type: 'tellFailure', params: ({ event }) => ({ error: toErrorBody(event.error) }) },
        },
      },
    },
    answered: { type: 'final' },
    failed: { type: 'final' },
    abandoned: { type: 'final' },
  },
});

function tellAnswer({ flight, keep, tell }: QueryContext, generated: Generated): void {
  keep(generated);
  const { answer } = generated;
  for (const waiter of flight.waiters) {
    const { turn } = waiter;
    tell(waiter, flight.isComplete(turn) ? { type: 'query.answered', turn, answer } : { type: 'query.failed', turn, error: DIVERGED });
  }
}

function tellFailure({ flight, tell }: QueryContext, error: ErrorBody): void {
  for (const waiter of flight.waiters) tell(waiter, { type: 'query.failed', turn: waiter.turn, error });
}
