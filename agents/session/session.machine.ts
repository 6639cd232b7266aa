import { assign } from 'xstate';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { TurnOutcome } from '#src/ports/store.ts';
import type { Opened } from './run.ts';
import type { SessionContext } from './session.context.ts';
import { newSession, outcomeOf, runningOf, runningQuery } from './session.context.ts';
import { sessionSetup } from './session.setup.ts';
import { answered, failed, failedWith } from './turn.ts';

/** A run that meets a part's restart is opened so many times in all. */
const MAX_OPENINGS = 3;

/**
 * recovering  entered at the start; finds the turns that an earlier incarnation left; left when they wait (idle).
 * idle        entered when no turn runs; left when one waits (answering), or by a shutdown (leaving).
 *   lingering left (closed) when nobody listens, once a client that came for one answer could hang up; else for resting.
 *   resting   left when nothing was asked for long (closed).
 * answering   entered with the turn that waited longest; its deadline runs; left with its outcome (ending), when it is
 *             to be stopped (stopping), or by a shutdown (leaving).
 *   beginning left at once: for owing when the turn was told its end by an earlier incarnation, for ending when it has failed
 *             too often or waited too long, for opening when its acceptance has counted the run, else for counting.
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
export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  context: ({ input }) => newSession(input),
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
        onDone: { target: 'idle', actions: [{ type: 'adopt', params: ({ event }) => event.output }, 'resumeCancels', assign({ earlyCancels: [] })] },
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
            { guard: 'isTold', target: '#session.owing.writing', actions: { type: 'tellEnd', params: ({ context }) => outcomeOf(context) } },
            { guard: 'isPoisoned', target: '#session.ending', actions: { type: 'setOutcome', params: () => failedWith('TURN_POISONED') } },
            { guard: 'isTooOld', target: '#session.ending', actions: { type: 'setOutcome', params: () => failedWith('TURN_EXPIRED') } },
            { guard: 'isBegun', target: 'opening' },
            { target: 'counting' },
          ],
        },
        counting: {
          invoke: {
            src: 'count',
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
          entry: ({ context }) => context.work.run.watch(runningQuery(context)),
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
      on: {
        shutdown: { target: 'leaving', actions: 'beginClosing' },
        'turn.accepted': {
          actions: [
            { type: 'admit', params: ({ event }) => event.turn },
            { type: 'showQueued', params: ({ event }) => event.turn },
            { type: 'tellEnd', params: ({ context }) => outcomeOf(context) },
          ],
        },
        cancel: { guard: 'stopsRunning', actions: ['noteCancel', { type: 'tellEnd', params: ({ context }) => outcomeOf(context) }] },
      },
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

function hit(context: SessionContext, opened: Opened): TurnOutcome {
  if (opened.kind !== 'cached') throw new TypeError('only a cached answer is a hit');
  return answered(opened.answer, context.work.ends.elapsedMs(runningOf(context)), true);
}

function miss(context: SessionContext, answer: Parameters<typeof answered>[0]): TurnOutcome {
  return answered(answer, context.work.ends.elapsedMs(runningOf(context)), false);
}

function queryOf(opened: Opened): string | undefined {
  return opened.kind === 'joined' ? opened.query : undefined;
}

function isDown(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ACTOR_DOWN';
}
