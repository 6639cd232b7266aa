import { assign, fromPromise, raise, setup } from 'xstate';
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
  /** Has `owner.gone` sent when the owner of the waiter ends. Returns how to stop that. */
  watch(waiter: Waiter): () => void;
}

interface QueryContext extends QueryInput {
  readonly found: Retrieved | undefined;
  /** How to stop watching the owner of each turn that waits. */
  readonly watches: Map<string, () => void>;
}

const DIVERGED: ErrorBody = toErrorBody(new ServiceError('TURN_INTERRUPTED'));

/**
 * waiting     entered at the start; left with the first waiter (retrieving), or when none comes (abandoned).
 * retrieving  entered from waiting; searches the documents; left by what was found (generating) or a failure (failed).
 * generating  entered from retrieving; the model writes into the flight; left by its end (answered) or a failure (failed).
 * answered    final; the answer is in the cache, every waiter is told it.
 * failed      final; every waiter is told the error.
 * abandoned   final; entered from anywhere when the last waiter leaves, or the owners of all have died and none came back
 *             soon; what ran is aborted.
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
  delays: { noWaiter: 10_000, noReturn: 2000 },
  guards: {
    isLastToLeave: ({ context, event }) => event.type === 'leave' && context.flight.waiters.every(({ turn }) => turn === event.turn),
    isEmpty: ({ context }) => context.flight.isEmpty,
  },
  actions: {
    join: ({ context, event }) => {
      if (event.type !== 'join') return;
      const { waiter } = event;
      unwatch(context, waiter.turn);
      context.watches.set(waiter.turn, context.watch(waiter));
      context.flight.join(waiter);
      event.reply();
    },
    leave: ({ context, event }) => {
      if (event.type !== 'leave') return;
      unwatch(context, event.turn);
      event.reply(context.flight.leave(event.turn));
    },
    drop: ({ context, event }) => {
      if (event.type !== 'owner.gone') return;
      unwatch(context, event.turn);
      context.flight.leave(event.turn);
    },
    awaitReturn: raise({ type: 'return.over' }, { delay: 'noReturn' }),
    unwatchAll: ({ context }) => {
      for (const turn of context.watches.keys()) unwatch(context, turn);
    },
    tellAnswer: ({ context }, { generated }: { generated: Generated }) => tellAnswer(context, generated),
    tellFailure: ({ context }, { error }: { error: ErrorBody }) => tellFailure(context, error),
  },
}).createMachine({
  id: 'query',
  context: ({ input }) => ({ ...input, found: undefined, watches: new Map() }),
  initial: 'waiting',
  on: {
    join: { actions: 'join' },
    leave: [{ guard: 'isLastToLeave', target: '.abandoned', actions: 'leave' }, { actions: 'leave' }],
    'owner.gone': { actions: ['drop', 'awaitReturn'] },
    'return.over': { guard: 'isEmpty', target: '.abandoned' },
  },
  exit: 'unwatchAll',
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

function unwatch({ watches }: QueryContext, turn: string): void {
  watches.get(turn)?.();
  watches.delete(turn);
}

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
