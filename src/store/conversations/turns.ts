import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import type { Feedback, NewTurn, TurnRecord } from '#src/ports/store.ts';
import { queryAll, queryOne } from '../sqlite.ts';
import type { SessionRows } from './sessions.ts';
import { SELECT_TURN, SELECT_UNFINISHED_TURN, toTurnRecord } from './turn-row.ts';
import type { OutcomeColumns, TurnRow } from './turn-row.ts';

/** Turns and what readers thought of them. Writes expect an open transaction. */
export class TurnRows {
  readonly #sessions: SessionRows;
  readonly #select: StatementSync;
  readonly #selectByAsk: StatementSync;
  readonly #selectUnfinished: StatementSync;
  readonly #selectUnfinishedOfSession: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertMessage: StatementSync;
  readonly #beginAttempt: StatementSync;
  readonly #resetAttempts: StatementSync;
  readonly #end: StatementSync;
  readonly #upsertFeedback: StatementSync;

  constructor(database: DatabaseSync, sessions: SessionRows) {
    this.#sessions = sessions;
    this.#select = database.prepare(`${SELECT_TURN} where turn.tenant = ? and turn.id = ?`);
    this.#selectByAsk = database.prepare(`${SELECT_TURN} where turn.tenant = ? and turn.session = ? and turn.ask_id = ?`);
    const unfinished = `${SELECT_UNFINISHED_TURN} where turn.tenant = ? and turn.state = 'accepted'`;
    this.#selectUnfinished = database.prepare(`${unfinished} order by turn.accepted_at, turn.position, turn.id`);
    this.#selectUnfinishedOfSession = database.prepare(`${unfinished} and turn.session = ? order by turn.position`);
    this.#insert = database.prepare(
      `insert into turn (tenant, id, session, position, ask_id, state, options, accepted_at, attempts, started_at)
       values (?, ?, ?, ?, ?, 'accepted', ?, ?, ?, ?)`,
    );
    this.#insertMessage = database.prepare(
      'insert into message (tenant, turn, role, text, created_at) values (?, ?, ?, ?, ?)',
    );
    this.#beginAttempt = database.prepare(
      `update turn set attempts = max(attempts, ? + 1), started_at = coalesce(started_at, ?)
       where tenant = ? and id = ? and state = 'accepted' returning attempts`,
    );
    this.#resetAttempts = database.prepare(`update turn set attempts = ? where tenant = ? and id = ? and state = 'accepted'`);
    this.#end = database.prepare(
      `update turn set state = ?, ended_at = ?, answer_end = ?, error = ?
       where tenant = ? and id = ? and state = 'accepted' returning session`,
    );
    this.#upsertFeedback = database.prepare(
      `insert into feedback (tenant, turn, rating, comment, created_at) values (?, ?, ?, ?, ?)
       on conflict do update set rating = excluded.rating, comment = excluded.comment, created_at = excluded.created_at`,
    );
  }

  /** Repeating the very same call (one turn id) is not `repeated`: its first reply may have been lost. */
  accept(tenant: string, turn: NewTurn): { turn: TurnRecord; repeated: boolean } {
    const seen = queryOne<TurnRow>(this.#selectByAsk, tenant, turn.session, turn.askId);
    if (seen === undefined) return { turn: this.#write(tenant, turn), repeated: false };
    if (seen.question !== turn.question.toWellFormed()) throw askConflict(turn.askId);
    return { turn: toTurnRecord(seen), repeated: seen.id !== turn.id };
  }

  #write(tenant: string, turn: NewTurn): TurnRecord {
    const position = this.#sessions.addTurn(tenant, turn);
    const { id, session, askId, options, acceptedAt, attempts = 0 } = turn;
    const startedAt = attempts === 0 ? null : acceptedAt;
    this.#insert.run(tenant, id, session, position, askId, JSON.stringify(options), acceptedAt, attempts, startedAt);
    const question = turn.question.toWellFormed();
    this.#insertMessage.run(tenant, id, 'user', question, acceptedAt);
    return { id, session, askId, question, options, acceptedAt, state: 'accepted', attempts, startedAt, endedAt: null, end: null, error: null };
  }

  /** Repeating the call counts once. */
  beginAttempt(tenant: string, { turn, attempts, at }: { readonly turn: string; readonly attempts: number; readonly at: number }): number {
    const begun = queryOne<{ attempts: number }>(this.#beginAttempt, attempts, at, tenant, turn);
    if (begun !== undefined) return begun.attempts;
    throw new ServiceError('TURN_ENDED', `turn ${this.#row(tenant, turn).id} has ended`);
  }

  resetAttempts(tenant: string, turn: string, attempts: number): void {
    this.#resetAttempts.run(attempts, tenant, turn);
  }

  /** False when the turn had ended before; true again for the very same end. */
  end(tenant: string, id: string, columns: OutcomeColumns, endedAt: number): boolean {
    const { answerEnd, error, answer } = columns;
    const ended = queryOne<{ session: string }>(this.#end, columns.state, endedAt, answerEnd, error, tenant, id);
    if (ended === undefined) return isSameEnd(this.#row(tenant, id), columns, endedAt);
    if (answer !== null) this.#insertMessage.run(tenant, id, 'assistant', answer, endedAt);
    this.#sessions.touch(tenant, ended.session, endedAt);
    return true;
  }

  get(tenant: string, id: string): TurnRecord {
    return toTurnRecord(this.#row(tenant, id));
  }

  #row(tenant: string, id: string): TurnRow {
    const row = queryOne<TurnRow>(this.#select, tenant, id);
    if (row === undefined) throw new ServiceError('TURN_NOT_FOUND');
    return row;
  }

  unfinished(tenant: string, session: string | null): readonly TurnRecord[] {
    const rows =
      session === null
        ? queryAll<TurnRow>(this.#selectUnfinished, tenant)
        : queryAll<TurnRow>(this.#selectUnfinishedOfSession, tenant, session);
    return rows.map(toTurnRecord);
  }

  addFeedback(tenant: string, feedback: Feedback, at: number): void {
    const { id } = this.#row(tenant, feedback.turn);
    this.#upsertFeedback.run(tenant, id, feedback.rating, feedback.comment ?? null, at);
  }
}

function isSameEnd(row: TurnRow, columns: OutcomeColumns, endedAt: number): boolean {
  return (
    row.ended_at === endedAt &&
    row.answer_end === columns.answerEnd &&
    row.error === columns.error &&
    row.answer === columns.answer
  );
}

function askConflict(askId: string): ServiceError {
  return new ServiceError('ASK_CONFLICT', undefined, {
    details: [{ field: 'id', expected: 'a new id for another question', got: askId }],
  });
}
