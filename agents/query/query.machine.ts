import { assign, fromPromise, setup } from 'xstate';
import type { ErrorBody } from '#src/errors.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { SearchResult } from '#src/ports/store.ts';
import type { Answer } from './answer.ts';
import type { Flight } from './flight.ts';
import type { QueryEvent, QueryOutcome, Waiter } from './query.events.ts';

/** The steps of a question's way and those who are told its end, handed in by the agent. */
export interface QueryInput {
  readonly flight: Flight;
  retrieve(signal: AbortSignal): Promise<SearchResult>;
  /** Streams the answer into the flight and resolves with the whole of it. */
  generate(search: SearchResult, signal: AbortSignal): Promise<Answer>;
  /** Keeps the answer, before anybody is told of it. */
  keep(answer: Answer): void;
  tell(waiter: Waiter, outcome: QueryOutcome): void;
}

interface QueryContext extends QueryInput {
  readonly search: SearchResult | undefined;
}

const DIVERGED: ErrorBody = toErrorBody(new ServiceError('TURN_INTERRUPTED'));

/**
 * retrieving  entered at the start; searches the documents; left by what was found (generating) or a failure (failed).
 * generating  entered from retrieving; the model writes into the flight; left by its end (answered) or a failure (failed).
 * answered    final; the answer is in the cache, every waiter is told it.
 * failed      final; every waiter is told the error.
 * abandoned   final; entered from anywhere when the last waiter leaves; what ran is aborted.
 * A failure that nobody designed crashes the actor: its waiters see it die and ask again.
 */
export const queryMachine = setup({
  types: { context: {} as QueryContext, events: {} as QueryEvent, input: {} as QueryInput },
  actors: {
    retrieve: fromPromise<SearchResult, QueryContext>(({ input, signal }) => input.retrieve(signal)),
    generate: fromPromise<Answer, QueryContext>(({ input, signal }) => {
      if (input.search === undefined) throw new TypeError('generating needs what was retrieved');
      return input.generate(input.search, signal);
    }),
  },
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
    tellAnswer: ({ context }, { answer }: { answer: Answer }) => tellAnswer(context, answer),
    tellFailure: ({ context }, { error }: { error: ErrorBody }) => tellFailure(context, error),
  },
}).createMachine({
  id: 'query',
  context: ({ input }) => ({ ...input, search: undefined }),
  initial: 'retrieving',
  on: {
    join: { actions: 'join' },
    leave: [{ guard: 'isLastToLeave', target: '.abandoned', actions: 'leave' }, { actions: 'leave' }],
  },
  states: {
    retrieving: {
      invoke: {
        src: 'retrieve',
        input: ({ context }) => context,
        onDone: { target: 'generating', actions: assign({ search: ({ event }) => event.output }) },
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
        onDone: { target: 'answered', actions: { type: 'tellAnswer', params: ({ event }) => ({ answer: event.output }) } },
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

function tellAnswer({ flight, keep, tell }: QueryContext, answer: Answer): void {
  keep(answer);
  for (const waiter of flight.waiters) {
    const { turn } = waiter;
    tell(waiter, flight.isComplete(turn) ? { type: 'query.answered', turn, answer } : { type: 'query.failed', turn, error: DIVERGED });
  }
}

function tellFailure({ flight, tell }: QueryContext, error: ErrorBody): void {
  for (const waiter of flight.waiters) tell(waiter, { type: 'query.failed', turn: waiter.turn, error });
}
