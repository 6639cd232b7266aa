import type { TurnOutcome } from '#src/ports/store.ts';
import type { UnfinishedTurn } from './run.ts';
import type { CancelEvent, SessionEvent } from './session.events.ts';
import type { SessionWork } from './session.work.ts';
import type { Turn } from './turn.ts';

export interface SessionInput {
  readonly work: SessionWork;
}

export interface SessionContext extends SessionInput {
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

export function newSession(input: SessionInput): SessionContext {
  return {
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
  };
}

export function runningOf({ running }: SessionContext): Turn {
  if (running === undefined) throw new TypeError('no turn runs');
  return running;
}

export function outcomeOf({ outcome }: SessionContext): TurnOutcome {
  if (outcome === undefined) throw new TypeError('the running turn has no outcome');
  return outcome;
}

/** Whether a question that comes now will find nothing before it. What an earlier incarnation left may prove it wrong: then one run is counted that was not. */
export function runsNow({ running, waiting, accepting }: SessionContext): boolean {
  return running === undefined && waiting.length === 0 && accepting <= 1;
}

/** The waiting turn that an event names. */
export function waitingOf({ waiting }: SessionContext, event: SessionEvent): Turn | undefined {
  return 'turn' in event ? waiting.find(({ record }) => record.id === event.turn) : undefined;
}

export function unfinishedOf({ running, waiting }: SessionContext): readonly Turn[] {
  return running === undefined ? waiting : [running, ...waiting];
}

/** With the runs of them that have failed: one that a shutdown cuts short has not, nor one that was counted and never begun. */
export function unfinishedRuns(context: SessionContext): readonly UnfinishedTurn[] {
  const { running, attempts, isBegun } = context;
  return unfinishedOf(context).map(({ record, isAdopted }) => {
    const known = isAdopted ? record.attempts : 0;
    const failedAttempts = record.id === running?.record.id ? attempts - Number(isBegun) : known;
    return { id: record.id, failedAttempts };
  });
}

export function runningQuery({ query }: SessionContext): string {
  if (query === undefined) throw new TypeError('the running turn has joined no query');
  return query;
}
