import { assign, fromPromise, setup } from 'xstate';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { EmbedderFailure, EmbedderStatus } from './embedder-status.ts';
import { isMismatch } from './embedder-status.ts';

export type EmbedderEvent = { readonly type: 'wake' };

export interface EmbedderOutcome {
  /** Tasks that were there to do; 0 when all is done. */
  readonly taken: number;
  /** Tasks that are over. */
  readonly ended: number;
  readonly failure: EmbedderFailure | undefined;
}

export interface EmbedderInput {
  readonly status: EmbedderStatus;
  readonly round: (signal: AbortSignal) => Promise<EmbedderOutcome>;
  /** Between two looks at an outbox that was empty. */
  readonly intervalMs: number;
  /** Between two tries of what is held up: doubles up to `maxMs`. */
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
}

interface EmbedderContext extends EmbedderInput {
  /** A wake came while a round was under way, which may have looked too early. */
  readonly isWoken: boolean;
  /** Rounds in a row that failed and ended no task. */
  readonly failures: number;
}

/**
 * working  entered at the start; does the next tasks of the outbox; left when there are more (working), none (idle), a
 *          provider or the store has failed (waiting), or the model does not fit what is there (refused).
 * idle     left by a wake or after the interval (working).
 * waiting  left after a time that grows with each failure in a row (working).
 * refused  stays: only other settings help, and they come with a new embedder.
 * The outbox itself lives in the store: an embedder that crashes is restarted and goes on with what is left.
 */
export const embedderMachine = setup({
  types: { context: {} as EmbedderContext, events: {} as EmbedderEvent, input: {} as EmbedderInput },
  actors: { round: fromPromise<EmbedderOutcome, EmbedderContext>(({ input, signal }) => input.round(signal)) },
  delays: {
    interval: ({ context }) => context.intervalMs,
    backoff: ({ context }) => backoffMs(context),
  },
  guards: {
    isMismatch: (_, { failure }: EmbedderOutcome) => failure !== undefined && isMismatch(failure),
    isHeldUp: (_, { failure }: EmbedderOutcome) => failure !== undefined,
    hasMore: ({ context }, { taken }: EmbedderOutcome) => taken > 0 || context.isWoken,
  },
  actions: {
    remember: assign({ isWoken: true }),
    begin: assign({ isWoken: false }),
    count: assign({ failures: ({ context }, outcome: EmbedderOutcome) => failuresAfter(context, outcome) }),
    tell: ({ context: { status } }, outcome: EmbedderOutcome) => status.ended(outcome),
  },
}).createMachine({
  id: 'embedder',
  context: ({ input }) => ({ ...input, isWoken: false, failures: 0 }),
  initial: 'working',
  on: { wake: { actions: 'remember' } },
  states: {
    working: {
      entry: 'begin',
      invoke: {
        src: 'round',
        input: ({ context }) => context,
        onDone: [
          {
            guard: { type: 'isMismatch', params: ({ event }) => event.output },
            target: 'refused',
            actions: { type: 'tell', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'isHeldUp', params: ({ event }) => event.output },
            target: 'waiting',
            actions: [
              { type: 'count', params: ({ event }) => event.output },
              { type: 'tell', params: ({ event }) => event.output },
            ],
          },
          {
            guard: { type: 'hasMore', params: ({ event }) => event.output },
            target: 'working',
            reenter: true,
            actions: [
              { type: 'count', params: ({ event }) => event.output },
              { type: 'tell', params: ({ event }) => event.output },
            ],
          },
          {
            target: 'idle',
            actions: [
              { type: 'count', params: ({ event }) => event.output },
              { type: 'tell', params: ({ event }) => event.output },
            ],
          },
        ],
      },
    },
    idle: { on: { wake: 'working' }, after: { interval: 'working' } },
    waiting: { after: { backoff: 'working' } },
    refused: {},
  },
});

function failuresAfter({ failures }: EmbedderContext, { ended, failure }: EmbedderOutcome): number {
  if (failure === undefined) return 0;
  return ended > 0 ? 1 : failures + 1;
}

function backoffMs({ backoff, failures, status: { failure } }: EmbedderContext): number {
  const askedMs = failure instanceof ProviderError ? (failure.retryAfterMs ?? 0) : 0;
  return Math.max(askedMs, Math.min(backoff.maxMs, backoff.initialMs * 2 ** (failures - 1)));
}
