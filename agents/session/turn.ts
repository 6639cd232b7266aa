import type { ErrorBody, ErrorCode } from '#src/errors.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { Citation, Source } from '#src/ports/answer.ts';
import type { TurnOutcome, TurnRecord } from '#src/ports/store.ts';
import type { Answer } from '#agents/query/query.agent.ts';
import type { Asked } from '#supervisors/kernel/process.ts';
import type { Cancelled, Ended } from './session.events.ts';

/** A question of this session that has no end yet. */
export interface Turn {
  readonly record: TurnRecord;
  /** Found unfinished in the store: its session or the process died before its end. */
  readonly isAdopted: boolean;
  /** The end that its asker was told and that the store could not write. */
  readonly told: TurnOutcome | undefined;
  /** When it came to wait for its answer, in the clock's milliseconds. */
  readonly acceptedMs: number;
  /** Those who wait for its end. */
  readonly awaiting: Asked<Ended>[];
  /** Those who asked to stop it. */
  readonly cancelling: Asked<Cancelled>[];
}

export function answered(answer: Answer, latencyMs: number, isHit: boolean): TurnOutcome {
  return { state: 'answered', end: { ...answer, cache_hit: isHit, latency_ms: Math.round(latencyMs) } };
}

export function failed(error: ErrorBody): TurnOutcome {
  return { state: 'failed', error };
}

export function failedWith(code: ErrorCode): TurnOutcome {
  return failed(toErrorBody(new ServiceError(code)));
}

export interface Stopped {
  /** What was sent of the answer: it stays the answer. */
  readonly text: string;
  readonly citations: readonly Citation[];
  /** What was sent of the evidence. */
  readonly sources: readonly Source[];
  readonly model: string;
  readonly latencyMs: number;
}

/** The end of a turn that was stopped. */
export function cancelled({ text, citations, sources, model, latencyMs }: Stopped): TurnOutcome {
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  const answer: Answer = { answer: text, citations, sources, degraded: [], finish: 'cancelled', usage, model };
  return answered(answer, latencyMs, false);
}

/** How a turn of the store ended. Throws TypeError for one that has not. */
export function outcomeOf({ id, end, error }: TurnRecord): TurnOutcome {
  if (end !== null) return { state: 'answered', end };
  if (error !== null) return failed(error);
  throw new TypeError(`turn ${id} has no end`);
}

/** Tells everybody who waits how the turn ended. */
export function tellEnd(turn: Turn, outcome: TurnOutcome): void {
  const { id } = turn.record;
  for (const asked of turn.awaiting) asked.reply({ turn: id, outcome });
  for (const asked of turn.cancelling) {
    if (outcome.state === 'answered') asked.reply({ turn: id, end: outcome.end });
    else asked.fail(new ServiceError('TURN_ENDED', `turn ${id} failed before it was stopped`));
  }
}

/** Puts turns at the end of those that wait. One that is here already only gets those who wait for it. */
export function enqueue(running: Turn | undefined, waiting: readonly Turn[], turns: readonly Turn[]): readonly Turn[] {
  const queue = [...waiting];
  for (const turn of turns) {
    const known = [running, ...queue].find((other) => other?.record.id === turn.record.id);
    if (known === undefined) queue.push(turn);
    else known.awaiting.push(...turn.awaiting);
  }
  return queue;
}
