import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import type { NewTurn, Page, PageRequest, SessionRecord, TurnRecord } from '#src/ports/store.ts';
import { checkLimit, keyAfter, toPage } from '../page.ts';
import { queryAll, queryOne } from '../sqlite.ts';
import { SELECT_TURN, toTurnRecord } from './turn-row.ts';
import type { TurnRow } from './turn-row.ts';

/** In characters: a list shows no more of a session's first question. */
const MAX_TITLE_LENGTH = 200;

interface SessionRow {
  readonly id: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly turn_count: number;
  readonly title: string | null;
}

/** Sessions. Writes expect an open transaction. */
export class SessionRows {
  readonly #insertTenant: StatementSync;
  readonly #addTurn: StatementSync;
  readonly #begin: StatementSync;
  readonly #touch: StatementSync;
  readonly #select: StatementSync;
  readonly #selectLatest: StatementSync;
  readonly #selectTurns: StatementSync;
  readonly #selectLatestTurns: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync) {
    const columns = 'id, created_at, updated_at, turn_count, title';
    this.#insertTenant = database.prepare('insert into tenant (id) values (?) on conflict do nothing');
    this.#addTurn = database.prepare(
      `insert into session (tenant, id, created_at, updated_at, turn_count, title) values (?1, ?2, ?3, ?3, 1, ?4)
       on conflict do update set turn_count = turn_count + 1, updated_at = max(updated_at, excluded.updated_at)
       returning turn_count`,
    );
    this.#begin = database.prepare(
      `insert into session (tenant, id, created_at, updated_at, turn_count, title) values (?1, ?2, ?3, ?3, 1, ?4)
       on conflict do nothing`,
    );
    this.#touch = database.prepare('update session set updated_at = max(updated_at, ?) where tenant = ? and id = ?');
    this.#select = database.prepare(`select ${columns} from session where tenant = ? and id = ?`);
    this.#selectLatest = database.prepare(
      `select ${columns} from session where tenant = ? and (updated_at, id) < (?, ?)
       order by updated_at desc, id desc limit ?`,
    );
    this.#selectTurns = database.prepare(
      `${SELECT_TURN} where turn.tenant = ? and turn.session = ? and turn.position > ? order by turn.position limit ?`,
    );
    this.#selectLatestTurns = database.prepare(
      `${SELECT_TURN} where turn.tenant = ? and turn.session = ? order by turn.position desc limit ?`,
    );
    this.#delete = database.prepare('delete from session where tenant = ? and id = ?');
  }

  /** Makes a session with its one turn; false when the session is there. */
  begin(tenant: string, turn: NewTurn): boolean {
    return this.#begin.run(tenant, turn.session, turn.acceptedAt, toTitle(turn.question)).changes === 1;
  }

  /** Makes the session when it is new. Returns the turn's position in it, from 1. */
  addTurn(tenant: string, turn: NewTurn): number {
    this.addTenant(tenant);
    const title = toTitle(turn.question);
    const row = queryOne<{ turn_count: number }>(this.#addTurn, tenant, turn.session, turn.acceptedAt, title);
    if (row === undefined) throw new TypeError('an upsert returned no row');
    return row.turn_count;
  }

  addTenant(tenant: string): void {
    this.#insertTenant.run(tenant);
  }

  touch(tenant: string, session: string, at: number): void {
    this.#touch.run(at, tenant, session);
  }

  get(tenant: string, session: string): SessionRecord {
    const row = queryOne<SessionRow>(this.#select, tenant, session);
    if (row === undefined) throw new ServiceError('SESSION_NOT_FOUND');
    return toSessionRecord(row);
  }

  list(tenant: string, page: PageRequest): Page<SessionRecord> {
    const limit = checkLimit(page.limit);
    const [updatedAt, id] = keyAfter(page, [Number.MAX_SAFE_INTEGER, ''] as [number, string]);
    const rows = queryAll<SessionRow>(this.#selectLatest, tenant, updatedAt, id, limit + 1);
    return toPage(rows, limit, toSessionRecord, (row) => [row.updated_at, row.id]);
  }

  listTurns(tenant: string, session: string, page: PageRequest): Page<TurnRecord> {
    const limit = checkLimit(page.limit);
    const [position] = keyAfter(page, [0] as [number]);
    const { id } = this.get(tenant, session);
    const rows = queryAll<TurnRow>(this.#selectTurns, tenant, id, position, limit + 1);
    return toPage(rows, limit, toTurnRecord, (row) => [row.position]);
  }

  /** Oldest first. */
  latestTurns(tenant: string, session: string, limit: number): readonly TurnRecord[] {
    const rows = queryAll<TurnRow>(this.#selectLatestTurns, tenant, session, checkLimit(limit));
    return rows.toReversed().map(toTurnRecord);
  }

  /** Turns, messages and feedback go with it. */
  delete(tenant: string, session: string): void {
    const { changes } = this.#delete.run(tenant, session);
    if (changes === 0) throw new ServiceError('SESSION_NOT_FOUND');
  }
}

function toSessionRecord(row: SessionRow): SessionRecord {
  return {
    id: row.id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    turnCount: row.turn_count,
    title: row.title,
  };
}

function toTitle(question: string): string {
  if (question.length <= MAX_TITLE_LENGTH) return question.toWellFormed();
  const characters = Array.from(question.slice(0, 2 * MAX_TITLE_LENGTH));
  return characters.slice(0, MAX_TITLE_LENGTH).join('').toWellFormed();
}
