import { assign, fromPromise, setup } from 'xstate';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { TurnOutcome } from '#src/ports/store.ts';
import type { CancelEvent, SessionEvent } from './session.events.ts';
import type { Ending, Opened, SessionWork, UnfinishedTurn } from './session.work.ts';
import type { Turn } from './turn.ts';
import { answered, enqueue, failed, failedWith, tellEnd } from './turn.ts';

export interface SessionInput {
  readonly work: SessionWork;
}

interface SessionContext extends SessionInput {
  /** Asks, and cancels of turns that wait, that are being written. */
  readonly accepting: number;
  readonly waiting: readonly Turn[];
  /** Cancels that came before it was known what there is to cancel. */
  readonly earlyCancels: readonly CancelEvent[];
  readonly running: Turn | undefined;
  /** The query that the running turn has joined. */
  readonly query: string | undefined;
  /** How many runs of the running turn were begun, those of earlier incarnations included. */
  readonly attempts: number;
  /** Whether the last of them has begun and not failed. */
  readonly isBegun: boolean;
  /** How often this run was opened. */
  readonly openings: number;
  readonly outcome: TurnOutcome | undefined;
  readonly isClosing: boolean;
}

/** When it may be worth asking again: an answer takes about as long. */
const RETRY_AFTER_MS = 1000;
/** A turn that dies in so many runs, with its query, its session or the whole process, is not run again. */
const MAX_ATTEMPTS = 3;
/** A run that meets a part's restart is opened so many times in all. */
const MAX_OPENINGS = 3;
/** What a client that came for one answer needs to hang up when it has it. */
const LINGER_MS = 500;

/**
 * recovering  entered at the start; finds the turns that an earlier incarnation left; left when they wait (idle).
 * idle        entered when no turn runs; left when one waits (answering), or by a shutdown (leaving).
 *   lingering left (closed) when nobody listens, once a client that came for one answer could hang up; else for resting.
 *   resting   left when nothing was asked for long (closed).
 * answering   entered with the turn that waited longest; its deadline runs; left with its outcome (ending), when it is
 *             to be stopped (stopping), or by a shutdown (leaving).
 *   beginning left at once: for ending when the turn has failed too often or waited too long, for opening when its acceptance
 *             has counted the run, else for counting.
 *   counting  counts the run on disk; left when that is done (opening), or a refusal.
 *   opening   finds the answer in the cache or joins the query that makes it; left by one of the two, or a refusal.
 *   streaming the query writes to the frame log; left by its outcome, or by its death (beginning again).
 * stopping    entered by a cancel or the deadline; left when nothing of the turn runs any more (ending).
 * ending      entered with an outcome; writes the end, then tells it; left when that is done (idle, closed), or when it was
 *             told as an error because the store could not write it (owing).
 * owing       left when the end that was told is written (idle), which is tried every second, or by a shutdown (leaving).
 * leaving     entered by a shutdown; left (closed) when no turn is being accepted any more (settling) and nothing runs of
 *             those that have no end (handingOver): they stay unfinished in the store, for who opens the session next.
 * closed      final; entered from idle, ending and leaving.
 * Asks are written in every state: they come to wait in the order of acceptance. So are the ends of turns that are
 * cancelled while they wait.
 */
export const sessionMachine = setup({
  types: { context: {} as SessionContext, events: {} as SessionEvent, input: {} as SessionInput },
  delays: {
    turnTimeout: ({ context }) => context.work.timeoutMs(runningOf(context)),
    linger: LINGER_MS,
    idle: ({ context }) => context.work.idleMs,
    retry: RETRY_AFTER_MS,
  },
  actors: {
    recover: fromPromise<readonly Turn[], SessionContext>(({ input }) => input.work.unfinished()),
    begin: fromPromise<number, SessionContext>(({ input }) => input.work.beginAttempt(runningOf(input), input.attempts)),
    open: fromPromise<Opened, SessionContext>(({ input }) => input.work.open(runningOf(input))),
    stop: fromPromise<TurnOutcome, SessionContext>(({ input }) => input.work.stop(runningOf(input))),
    end: fromPromise<Ending, SessionContext>(({ input }) => input.work.end(runningOf(input), outcomeOf(input))),
    record: fromPromise<boolean, SessionContext>(({ input }) => input.work.recordEnd(runningOf(input), outcomeOf(input))),
    handOver: fromPromise<void, SessionContext>(({ input }) => input.work.handOver(unfinishedRuns(input))),
  },
  guards: {
    isClosing: ({ context }) => context.isClosing,
    hasRoom: ({ context: { work, accepting, waiting, running } }) =>
      waiting.length + accepting < work.queueLength + (running === undefined ? 1 : 0),
    hasWaiting: ({ context }) => context.waiting.length > 0,
    isUnused: ({ context }) => context.accepting + context.waiting.length === 0 && !context.work.hasListeners(),
    isOfWaiting: ({ context, event }) => waitingOf(context, event) !== undefined,
    isOfRunning: ({ context, event }) => 'turn' in event && event.turn === context.running?.record.id,
    stopsRunning: ({ context, event }) => event.type === 'cancel' && (event.turn ?? context.running?.record.id) === context.running?.record.id,
    isTooOld: ({ context }) => context.work.isTooOld(runningOf(context)),
    isPoisoned: ({ context }) => !context.isBegun && context.attempts >= MAX_ATTEMPTS,
    isBegun: ({ context }) => context.isBegun,
  },
  actions: {
    accept: ({ context, event, self }) => {
      if (event.type === 'ask' || event.type === 'answer') void context.work.accept(event, runsNow(context), (news) => self.send(news));
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
    enqueue: assign({
      waiting: ({ context }, turns: readonly Turn[]) => enqueue(context.running, context.waiting, turns),
    }),
    showQueued: ({ context }, turn: Turn) => {
      if (context.running !== undefined) context.work.show(turn, 'queued');
    },
    takeNext: assign(({ context: { waiting: [next, ...others] } }) => ({
      running: next,
      waiting: others,
      attempts: next?.record.attempts ?? 0,
      isBegun: next !== undefined && !next.isAdopted && next.record.attempts > 0,
      openings: 0,
      query: undefined,
      outcome: undefined,
    })),
    cancelWaiting: ({ context, event, self }) => {
      const turn = waitingOf(context, event);
      if (event.type === 'cancel' && turn !== undefined) void context.work.cancelWaiting(turn, event, (news) => self.send(news));
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
}).createMachine({
  id: 'session',
  context: ({ input }) => ({
    ...input,
    accepting: 0,
    waiting: [],
    earlyCancels: [],
    running: undefined,
    query: undefined,
    attempts: 0,
    isBegun: false,
    openings: 0,
    outcome: undefined,
    isClosing: false,
  }),
  initial: 'recovering',
  on: {
    ask: [{ guard: 'isClosing', actions: 'refuse' }, { guard: 'hasRoom', actions: ['countAccepting', 'accept'] }, { actions: 'refuse' }],
    answer: [{ guard: 'isClosing', actions: 'refuse' }, { guard: 'hasRoom', actions: ['countAccepting', 'accept'] }, { actions: 'refuse' }],
    'turn.accepted': {
      actions: [
        { type: 'admit', params: ({ event }) => event.turn },
        { type: 'showQueued', params: ({ event }) => event.turn },
      ],
    },
    'turn.settled': { actions: 'settle' },
    cancel: [{ guard: 'isOfWaiting', actions: ['countAccepting', 'cancelWaiting', 'takeOut'] }, { actions: 'refuseCancel' }],
    shutdown: { actions: 'beginClosing' },
  },
  states: {
    recovering: {
      on: { cancel: { actions: 'keepCancel' } },
      invoke: {
        src: 'recover',
        input: ({ context }) => context,
        onDone: { target: 'idle', actions: [{ type: 'enqueue', params: ({ event }) => event.output }, 'resumeCancels'] },
      },
    },
    idle: {
      always: [
        { guard: 'isClosing', target: 'leaving' },
        { guard: 'hasWaiting', target: 'answering', actions: 'takeNext' },
      ],
      initial: 'lingering',
      states: {
        lingering: { after: { linger: [{ guard: 'isUnused', target: '#session.closed' }, { target: 'resting' }] } },
        resting: { after: { idle: [{ guard: ({ context }) => context.accepting === 0, target: '#session.closed' }, { target: 'resting', reenter: true }] } },
      },
    },
    answering: {
      initial: 'beginning',
      after: { turnTimeout: { target: 'stopping', actions: { type: 'setOutcome', params: () => failedWith('TURN_TIMEOUT') } } },
      on: {
        cancel: { guard: 'stopsRunning', target: 'stopping', actions: 'noteCancel' },
        shutdown: { target: 'leaving', actions: 'beginClosing' },
        'query.answered': {
          guard: 'isOfRunning',
          target: 'ending',
          actions: { type: 'setOutcome', params: ({ context, event }) => miss(context, event.answer) },
        },
        'query.failed': { guard: 'isOfRunning', target: 'ending', actions: { type: 'setOutcome', params: ({ event }) => failed(event.error) } },
      },
      states: {
        beginning: {
          always: [
            { guard: 'isPoisoned', target: '#session.ending', actions: { type: 'setOutcome', params: () => failedWith('TURN_POISONED') } },
            { guard: 'isTooOld', target: '#session.ending', actions: { type: 'setOutcome', params: () => failedWith('TURN_EXPIRED') } },
            { guard: 'isBegun', target: 'opening' },
            { target: 'counting' },
          ],
        },
        counting: {
          invoke: {
            src: 'begin',
            input: ({ context }) => context,
            onDone: { target: 'opening', actions: { type: 'countAttempt', params: ({ event }) => event.output } },
            onError: {
              guard: ({ event }) => event.error instanceof ServiceError,
              target: '#session.ending',
              actions: { type: 'setOutcome', params: ({ event }) => failed(toErrorBody(event.error)) },
            },
          },
        },
        opening: {
          entry: 'countOpening',
          invoke: {
            src: 'open',
            input: ({ context }) => context,
            onDone: [
              {
                guard: ({ event }) => event.output.kind === 'cached',
                target: '#session.ending',
                actions: { type: 'setOutcome', params: ({ context, event }) => hit(context, event.output) },
              },
              { target: 'streaming', actions: assign({ query: ({ event }) => queryOf(event.output) }) },
            ],
            onError: [
              { guard: ({ context, event }) => isDown(event.error) && context.openings < MAX_OPENINGS, target: 'opening', reenter: true },
              {
                guard: ({ event }) => event.error instanceof ServiceError,
                target: '#session.ending',
                actions: { type: 'setOutcome', params: ({ event }) => failed(toErrorBody(event.error)) },
              },
            ],
          },
        },
        streaming: {
          entry: ({ context }) => context.work.watch(runningQuery(context)),
          on: {
            'query.gone': [
              { guard: ({ context, event }) => event.query !== context.query },
              { target: 'beginning', actions: 'failAttempt' },
            ],
          },
        },
      },
    },
    stopping: {
      on: { cancel: { guard: 'stopsRunning', actions: 'noteCancel' } },
      invoke: {
        src: 'stop',
        input: ({ context }) => context,
        // The outcome of the deadline was set before.
        onDone: { target: 'ending', actions: assign({ outcome: ({ context, event }) => context.outcome ?? event.output }) },
      },
    },
    ending: {
      on: { cancel: { guard: 'stopsRunning', actions: 'noteCancel' } },
      invoke: {
        src: 'end',
        input: ({ context }) => context,
        onDone: [
          {
            guard: ({ event }) => !event.output.isWritten,
            target: 'owing',
            actions: [
              { type: 'tellEnd', params: ({ event }) => event.output.outcome },
              { type: 'setOutcome', params: ({ event }) => event.output.outcome },
            ],
          },
          { guard: 'isUnused', target: 'closed', actions: [{ type: 'tellEnd', params: ({ event }) => event.output.outcome }, 'forgetTurn'] },
          { target: 'idle', actions: [{ type: 'tellEnd', params: ({ event }) => event.output.outcome }, 'forgetTurn'] },
        ],
      },
    },
    owing: {
      on: { shutdown: { target: 'leaving', actions: 'beginClosing' } },
      initial: 'pausing',
      states: {
        pausing: { always: { guard: 'isClosing', target: '#session.leaving' }, after: { retry: 'writing' } },
        writing: {
          invoke: {
            src: 'record',
            input: ({ context }) => context,
            onDone: [{ guard: ({ event }) => event.output, target: '#session.idle', actions: 'forgetTurn' }, { target: 'pausing' }],
          },
        },
      },
    },
    leaving: {
      on: { cancel: { actions: 'refuse' }, shutdown: {} },
      initial: 'settling',
      states: {
        settling: { always: { guard: ({ context }) => context.accepting === 0, target: 'handingOver' } },
        handingOver: { invoke: { src: 'handOver', input: ({ context }) => context, onDone: { target: '#session.closed', actions: 'tellHandOver' } } },
      },
    },
    closed: { type: 'final' },
  },
});

function runningOf({ running }: SessionContext): Turn {
  if (running === undefined) throw new TypeError('no turn runs');
  return running;
}

function outcomeOf({ outcome }: SessionContext): TurnOutcome {
  if (outcome === undefined) throw new TypeError('the running turn has no outcome');
  return outcome;
}

/** Whether a question that comes now will find nothing before it. What an earlier incarnation left may prove it wrong: then one run is counted that was not. */
function runsNow({ running, waiting, accepting }: SessionContext): boolean {
  return running === undefined && waiting.length === 0 && accepting <= 1;
}

/** The waiting turn that an event names. */
function waitingOf({ waiting }: SessionContext, event: SessionEvent): Turn | undefined {
  return 'turn' in event ? waiting.find(({ record }) => record.id === event.turn) : undefined;
}

function unfinishedOf({ running, waiting }: SessionContext): readonly Turn[] {
  return running === undefined ? waiting : [running, ...waiting];
}

/** With the runs of them that have failed: one that a shutdown cuts short has not, nor one that was counted and never begun. */
function unfinishedRuns(context: SessionContext): readonly UnfinishedTurn[] {
  const { running, attempts, isBegun } = context;
  return unfinishedOf(context).map(({ record, isAdopted }) => {
    const known = isAdopted ? record.attempts : 0;
    const failedAttempts = record.id === running?.record.id ? attempts - Number(isBegun) : known;
    return { id: record.id, failedAttempts };
  });
}

function refusal(code: 'DRAINING' | 'OVERLOADED'): ServiceError {
  return new ServiceError(code, undefined, { retryAfterMs: RETRY_AFTER_MS });
}

function hit(context: SessionContext, opened: Opened): TurnOutcome {
  if (opened.kind !== 'cached') throw new TypeError('only a cached answer is a hit');
  return answered(opened.answer, context.work.elapsedMs(runningOf(context)), true);
}

function miss(context: SessionContext, answer: Parameters<typeof answered>[0]): TurnOutcome {
  return answered(answer, context.work.elapsedMs(runningOf(context)), false);
}

function queryOf(opened: Opened): string | undefined {
  return opened.kind === 'joined' ? opened.query : undefined;
}

function runningQuery({ query }: SessionContext): string {
  if (query === undefined) throw new TypeError('the running turn has joined no query');
  return query;
}

function isDown(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ACTOR_DOWN';
}
