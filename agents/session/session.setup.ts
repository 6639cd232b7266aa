import { assign, fromPromise, setup } from 'xstate';
import { ServiceError } from '#src/errors.ts';
import type { TurnOutcome } from '#src/ports/store.ts';
import type { Opened } from './run.ts';
import type { SessionContext, SessionInput } from './session.context.ts';
import { outcomeOf, runningOf, runsNow, unfinishedOf, unfinishedRuns, waitingOf } from './session.context.ts';
import type { SessionEvent } from './session.events.ts';
import type { Turn } from './turn.ts';
import { enqueue, tellEnd } from './turn.ts';
import type { Ending } from './turn-ends.ts';

/** When it may be worth asking again: an answer takes about as long. */
const RETRY_AFTER_MS = 1000;
/** A turn that dies in so many runs, with its query, its session or the whole process, is not run again. */
const MAX_ATTEMPTS = 3;
/** What a client that came for one answer needs to hang up when it has it. */
const LINGER_MS = 500;

/** The words of the session's machine: who works for it, what it asks, does and waits for. */
export const sessionSetup = setup({
  types: { context: {} as SessionContext, events: {} as SessionEvent, input: {} as SessionInput },
  delays: {
    turnTimeout: ({ context }) => context.work.run.timeoutMs(runningOf(context)),
    linger: LINGER_MS,
    idle: ({ context }) => context.work.idleMs,
    retry: RETRY_AFTER_MS,
  },
  actors: {
    recover: fromPromise<readonly Turn[], SessionContext>(({ input }) => input.work.acceptance.unfinished()),
    count: fromPromise<number, SessionContext>(({ input }) => input.work.run.count(runningOf(input), input.attempts)),
    open: fromPromise<Opened, SessionContext>(({ input }) => input.work.run.open(runningOf(input))),
    stop: fromPromise<TurnOutcome, SessionContext>(({ input }) => input.work.stop(runningOf(input))),
    end: fromPromise<Ending, SessionContext>(({ input }) => input.work.ends.end(runningOf(input), outcomeOf(input))),
    record: fromPromise<boolean, SessionContext>(({ input }) => input.work.ends.record(runningOf(input), outcomeOf(input))),
    handOver: fromPromise<void, SessionContext>(({ input }) => input.work.handOver(unfinishedRuns(input))),
  },
  guards: {
    isClosing: ({ context }) => context.isClosing,
    hasRoom: ({ context: { work, accepting, waiting, running } }) =>
      waiting.length + accepting < work.queueLength + (running === undefined ? 1 : 0),
    hasWaiting: ({ context }) => context.waiting.length > 0,
    isUnused: ({ context }) => context.accepting + context.waiting.length === 0 && !context.work.frames.hasListeners(),
    isOfWaiting: ({ context, event }) => waitingOf(context, event) !== undefined,
    isOfRunning: ({ context, event }) => 'turn' in event && event.turn === context.running?.record.id,
    stopsRunning: ({ context, event }) => event.type === 'cancel' && (event.turn ?? context.running?.record.id) === context.running?.record.id,
    isTooOld: ({ context }) => context.work.run.isTooOld(runningOf(context)),
    isPoisoned: ({ context }) => !context.isBegun && context.attempts >= MAX_ATTEMPTS,
    isBegun: ({ context }) => context.isBegun,
    isTold: ({ context }) => context.outcome !== undefined,
  },
  actions: {
    accept: ({ context, event, self }) => {
      if (event.type === 'ask' || event.type === 'answer') void context.work.acceptance.accept(event, runsNow(context), (news) => self.send(news));
    },
    countAccepting: assign({ accepting: ({ context }) => context.accepting + 1 }),
    settle: assign({ accepting: ({ context }) => context.accepting - 1 }),
    /** In one assignment: each of them copies the whole snapshot, and this one comes with every question. */
    admit: assign({
      accepting: ({ context }) => context.accepting - 1,
      waiting: ({ context }, turn: Turn) => enqueue(context.running, context.waiting, [turn]),
    }),
    refuse: ({ context, event }) => {
      if ('fail' in event) event.fail(refusal(context.isClosing ? 'DRAINING' : 'OVERLOADED'));
    },
    /** What was left by an earlier incarnation was accepted before what came meanwhile. */
    adopt: assign({
      waiting: ({ context }, turns: readonly Turn[]) => enqueue(undefined, turns, context.waiting),
    }),
    showQueued: ({ context: { running, work } }, { record: { id } }: Turn) => {
      if (running !== undefined && running.record.id !== id) work.frames.show(id, 'queued');
    },
    takeNext: assign(({ context: { waiting: [next, ...others] } }) => ({
      running: next,
      waiting: others,
      attempts: next?.record.attempts ?? 0,
      isBegun: next !== undefined && !next.isAdopted && next.record.attempts > 0,
      openings: 0,
      query: undefined,
      outcome: next?.told,
    })),
    cancelWaiting: ({ context, event, self }) => {
      const turn = waitingOf(context, event);
      if (event.type === 'cancel' && turn !== undefined) void context.work.ends.cancelWaiting(turn, event, (news) => self.send(news));
    },
    takeOut: assign({ waiting: ({ context, event }) => context.waiting.filter((turn) => turn !== waitingOf(context, event)) }),
    refuseCancel: ({ event }) => {
      if (event.type === 'cancel') event.fail(new ServiceError('TURN_NOT_FOUND', `no turn ${event.turn ?? ''} runs or waits`));
    },
    keepCancel: assign(({ context, event }) => (event.type === 'cancel' ? { earlyCancels: [...context.earlyCancels, event] } : {})),
    resumeCancels: ({ context, self }) => {
      for (const event of context.earlyCancels) self.send(event);
    },
    noteCancel: ({ context, event }) => {
      if (event.type === 'cancel') context.running?.cancelling.push(event);
    },
    countAttempt: assign((_, attempts: number) => ({ attempts, isBegun: true, openings: 0 })),
    failAttempt: assign({ isBegun: false, openings: 0 }),
    countOpening: assign({ openings: ({ context }) => context.openings + 1 }),
    setOutcome: assign({ outcome: (_, outcome: TurnOutcome) => outcome }),
    tellEnd: ({ context }, outcome: TurnOutcome) => tellEnd(runningOf(context), outcome),
    forgetTurn: assign({ running: undefined, query: undefined, outcome: undefined }),
    beginClosing: assign({ isClosing: true }),
    tellHandOver: ({ context }) => {
      for (const { awaiting } of unfinishedOf(context)) for (const asked of awaiting) asked.fail(refusal('DRAINING'));
    },
  },
});

function refusal(code: 'DRAINING' | 'OVERLOADED'): ServiceError {
  return new ServiceError(code, undefined, { retryAfterMs: RETRY_AFTER_MS });
}
