import { stringifyWithSources } from '#src/answer-json.ts';
import type { ErrorBody } from '#src/errors.ts';
import type { AnswerEnd, AskOptions } from '#src/ports/answer.ts';
import type { TurnOutcome, TurnRecord } from '#src/ports/store.ts';

/** The columns that `toTurnRecord` reads: a turn with its question and, where it has one, its answer. */
export const SELECT_TURN = selectFrom('turn');
/** The same, by the index of turns without an end: left to itself, SQLite goes through all turns of the session. */
export const SELECT_UNFINISHED_TURN = selectFrom('turn indexed by turn_unfinished');

function selectFrom(turns: string): string {
  return `
  select turn.id, turn.session, turn.position, turn.ask_id, turn.state, turn.options, turn.accepted_at, turn.ended_at,
    turn.answer_end, turn.error, turn.attempts, turn.started_at, question.text as question, coalesce(answer.text, kept_answer.text) as answer,
    kept_answer.fields as kept_fields
  from ${turns}
  join message as question on question.tenant = turn.tenant and question.turn = turn.id and question.role = 'user'
  left join message as answer on answer.tenant = turn.tenant and answer.turn = turn.id and answer.role = 'assistant'
  left join kept_answer on kept_answer.tenant = turn.tenant and kept_answer.id = turn.kept_answer`;
}

export interface TurnRow {
  readonly id: string;
  readonly session: string;
  readonly position: number;
  readonly ask_id: string;
  readonly state: TurnRecord['state'];
  readonly options: string;
  readonly accepted_at: number;
  readonly attempts: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  /** JSON of the end without the answer's text; of a turn with a kept answer only what is its own. */
  readonly answer_end: string | null;
  readonly kept_fields: string | null;
  readonly error: string | null;
  readonly question: string;
  readonly answer: string | null;
}

/** An outcome as its columns. The answer's text is a message of its own, not a part of `answerEnd`. */
export interface OutcomeColumns {
  readonly state: TurnOutcome['state'];
  readonly answerEnd: string | null;
  readonly error: string | null;
  readonly answer: string | null;
}

export function toOutcomeColumns(outcome: TurnOutcome): OutcomeColumns {
  const { state } = outcome;
  if (state === 'failed') return { state, answerEnd: null, error: JSON.stringify(outcome.error), answer: null };
  const { answer, ...rest } = outcome.end;
  return { state, answerEnd: stringifyWithSources(rest), error: null, answer: answer.toWellFormed() };
}

export function toTurnRecord(row: TurnRow): TurnRecord {
  return {
    id: row.id,
    session: row.session,
    askId: row.ask_id,
    question: row.question,
    options: JSON.parse(row.options) as AskOptions,
    acceptedAt: row.accepted_at,
    state: row.state,
    attempts: row.attempts,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    end: toAnswerEnd(row),
    error: row.error === null ? null : (JSON.parse(row.error) as ErrorBody),
  };
}

function toAnswerEnd({ answer, answer_end: rest, kept_fields: kept }: TurnRow): AnswerEnd | null {
  if (answer === null || rest === null) return null;
  const shared = kept === null ? {} : (JSON.parse(kept) as object);
  return { answer, ...shared, ...(JSON.parse(rest) as Omit<AnswerEnd, 'answer'>) };
}
