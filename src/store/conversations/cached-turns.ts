import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CachedTurnEvent, RecordedTurns } from './events.ts';
import type { SessionRows } from './sessions.ts';

/** Turns that were answered from the cache: rows of a few hundred bytes that share the answer. Writes expect an open transaction. */
export class CachedTurnRows {
  readonly #sessions: SessionRows;
  readonly #keepAnswer: StatementSync;
  readonly #insertTurn: StatementSync;
  readonly #insertQuestion: StatementSync;
  readonly #releaseAnswers: StatementSync;
  readonly #deleteUnused: StatementSync;

  constructor(database: DatabaseSync, sessions: SessionRows) {
    this.#sessions = sessions;
    this.#keepAnswer = database.prepare(
      `insert into kept_answer (tenant, id, text, fields, turn_count) values (?, ?, ?, ?, ?)
       on conflict do update set turn_count = turn_count + excluded.turn_count`,
    );
    this.#insertTurn = database.prepare(
      `insert into turn (tenant, id, session, position, ask_id, state, options, accepted_at, ended_at, answer_end, kept_answer)
       values (?1, ?2, ?3, 1, ?4, 'answered', ?5, ?6, ?6, ?7, ?8)`,
    );
    this.#insertQuestion = database.prepare(
      `insert into message (tenant, turn, role, text, created_at) values (?, ?, 'user', ?, ?)`,
    );
    this.#releaseAnswers = database.prepare(
      `update kept_answer set turn_count = turn_count - released.turns
       from (select kept_answer as id, count(*) as turns from turn where tenant = ?1 and session = ?2 group by kept_answer) as released
       where kept_answer.tenant = ?1 and kept_answer.id = released.id`,
    );
    this.#deleteUnused = database.prepare('delete from kept_answer where tenant = ? and turn_count = 0');
  }

  /** Passes over turns whose session is there: the same call was made before and its reply got lost. */
  record(tenant: string, { answers, turns }: RecordedTurns): void {
    this.#sessions.addTenant(tenant);
    const uses = new Map<string, number>();
    for (const turn of JSON.parse(turns) as readonly CachedTurnEvent[]) {
      if (!this.#sessions.begin(tenant, turn)) continue;
      uses.set(turn.answer, (uses.get(turn.answer) ?? 0) + 1);
      this.#insert(tenant, turn);
    }
    for (const { id, text, fields } of answers) {
      const count = uses.get(id) ?? 0;
      if (count > 0) this.#keepAnswer.run(tenant, id, text, fields, count);
    }
  }

  #insert(tenant: string, turn: CachedTurnEvent): void {
    const { id, session, askId, question, options, acceptedAt, answer, latencyMs } = turn;
    const end = JSON.stringify({ cache_hit: true, latency_ms: Math.round(latencyMs) });
    this.#insertTurn.run(tenant, id, session, askId, JSON.stringify(options), acceptedAt, end, answer);
    this.#insertQuestion.run(tenant, id, question, acceptedAt);
  }

  /** Before a session is deleted: answers that no other turn was given go, too. */
  releaseAnswers(tenant: string, session: string): void {
    if (this.#releaseAnswers.run(tenant, session).changes > 0) this.#deleteUnused.run(tenant);
  }
}
