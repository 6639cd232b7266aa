import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { commitTogether } from '#src/store/group-commit.ts';
import { toOutcomeColumns } from '#src/store/conversations/turn-row.ts';
import { answered, newTurn } from '../../support/store-examples.ts';
import { answersOf, openConversations, temporaryDirectory } from '../../support/store-directory.ts';
import { countCommits } from '../../support/write-ahead-log.ts';

const tenant = 'default';

function countRows(database: DatabaseSync, table: string): unknown {
  return database.prepare(`select count(*) as rows from ${table}`).get()?.['rows'];
}

describe('a batch of events', () => {
  test('is one commit', () => {
    const { batch, database } = openConversations(temporaryDirectory());
    const location = database.location() ?? '';
    const before = countCommits(location);
    batch(Array.from({ length: 50 }, (_, at) => ({ type: 'accept-turn', tenant, turn: newTurn(`t${at}`) }) as const));
    expect(countRows(database, 'turn')).toBe(50);
    expect(countCommits(location) - before).toBe(1);
  });

  test('loses the event that is refused and keeps the others', () => {
    const { batch, database } = openConversations(temporaryDirectory());
    const answers = batch([
      { type: 'accept-turn', tenant, turn: newTurn('t1', { askId: 'a' }) },
      { type: 'accept-turn', tenant, turn: newTurn('t2', { askId: 'a', question: 'Another?' }) },
      { type: 'end-turn', tenant, turn: 'none', outcome: toOutcomeColumns(answered('No.')), endedAt: 2 },
      { type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(answered('Yes.')), endedAt: 2 },
    ]);
    const results = answers.map((answer) => ('error' in answer ? answer.error.code : 'ok'));
    expect(results).toEqual(['ok', 'ASK_CONFLICT', 'TURN_NOT_FOUND', 'ok']);
    expect([countRows(database, 'turn'), countRows(database, 'message')]).toEqual([1, 2]);
  });

  test('rolls back alone what breaks a rule of the schema, session and count included', () => {
    const { batch, apply } = openConversations(temporaryDirectory());
    const answers = batch([
      { type: 'accept-turn', tenant, turn: newTurn('t1') },
      { type: 'accept-turn', tenant, turn: newTurn('t1', { session: 's2', askId: 'other' }) },
    ]);
    expect(answers[1]).toMatchObject({ error: { code: 'INTERNAL' } });
    expect(() => apply({ type: 'get-session', tenant, session: 's2' })).toThrow(
      expect.objectContaining({ code: 'SESSION_NOT_FOUND' }),
    );
  });

  test('commits nothing and answers nothing when the program is at fault', () => {
    const { database, apply } = openConversations(temporaryDirectory());
    const answers: unknown[] = [];
    const request = (event: string) => ({
      event,
      reply: (value: unknown) => answers.push(value),
      fail: (error: unknown) => answers.push(error),
    });
    const insertOrBreak = (event: string): void => {
      if (event === 'bug') throw new RangeError('a fault of the program');
      database.prepare('insert into tenant (id) values (?)').run(event);
    };
    expect(() => commitTogether(database, [request('a'), request('bug')], insertOrBreak)).toThrow(RangeError);
    expect([answers, countRows(database, 'tenant'), database.isTransaction]).toEqual([[], 0, false]);
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
  });

  test('fails as a whole, with nothing done, when it cannot begin', () => {
    const directory = temporaryDirectory();
    const { database } = openConversations(directory);
    const other = openConversations(directory);
    other.database.exec('pragma busy_timeout=0');
    database.exec('begin immediate');
    const answers = answersOf(commitTogether, other.database, { events: ['a', 'b'], apply: () => 'done' });
    expect(answers).toMatchObject([{ error: { code: 'STORE_UNAVAILABLE' } }, { error: { code: 'STORE_UNAVAILABLE' } }]);
  });
});
