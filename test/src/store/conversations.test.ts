import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import type { CachedTurn, Page, SessionRecord, TurnRecord } from '#src/ports/store.ts';
import { toOutcomeColumns } from '#src/store/conversations/turn-row.ts';
import { answered, answerEnd, cachedTurn, FAILED, newTurn, recorded } from '../../support/store-examples.ts';
import { openConversations, temporaryDirectory } from '../../support/store-directory.ts';

const tenant = 'default';
type Accepted = { turn: TurnRecord; repeated: boolean };

function open() {
  return openConversations(temporaryDirectory());
}

const begin = (turn: string, attempts: number, at: number) => ({ type: 'begin-attempt', tenant, turn, attempts, at }) as const;

function keptAnswers(database: DatabaseSync): unknown[] {
  return database.prepare('select text, turn_count from kept_answer order by text').all().map((row) => ({ ...row }));
}

describe('accepting a turn', () => {
  test('a turn is read back as it was accepted', () => {
    const { apply } = open();
    const turn = newTurn('t1', { options: { top_k: 3, filter: { team: 'a' } } });
    const expected = { ...turn, state: 'accepted', attempts: 0, startedAt: null, endedAt: null, end: null, error: null };
    expect(apply({ type: 'accept-turn', tenant, turn })).toEqual({ turn: expected, repeated: false });
    expect(apply({ type: 'get-turn', tenant, turn: 't1' })).toEqual(expected);
  });

  test('a turn that runs at once is written with its first attempt', () => {
    const { apply } = open();
    const { turn } = apply<Accepted>({ type: 'accept-turn', tenant, turn: newTurn('t1', { attempts: 1, acceptedAt: 7 }) });
    expect(turn).toMatchObject({ attempts: 1, startedAt: 7 });
  });

  test('an ask id that comes again with its question gives the turn of then', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { askId: 'a' }) });
    const again = apply<Accepted>({ type: 'accept-turn', tenant, turn: newTurn('t2', { askId: 'a' }) });
    expect(again).toMatchObject({ repeated: true, turn: { id: 't1' } });
    expect(apply({ type: 'get-session', tenant, session: 's1' })).toMatchObject({ turnCount: 1 });
  });

  test('the very same call made twice is one turn and no repetition', () => {
    const { apply } = open();
    const first = apply<Accepted>({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    expect(apply({ type: 'accept-turn', tenant, turn: newTurn('t1') })).toEqual(first);
  });

  test('an ask id that comes again with another question is a conflict that names it', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { askId: 'a' }) });
    const other = newTurn('t2', { askId: 'a', question: 'And what is that?' });
    expect(() => apply({ type: 'accept-turn', tenant, turn: other })).toThrow(
      expect.objectContaining({ code: 'ASK_CONFLICT', details: [expect.objectContaining({ field: 'id', got: 'a' })] }),
    );
  });

  test('the same ask id in another session is another turn', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { askId: 'a' }) });
    const other = newTurn('t2', { askId: 'a', session: 's2', question: 'Something else?' });
    expect(apply<Accepted>({ type: 'accept-turn', tenant, turn: other }).repeated).toBe(false);
  });

  test('a lone surrogate and a NUL in a question do not make its repetition a conflict', () => {
    const { apply } = open();
    const question = 'a\0b \ud800 c';
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { askId: 'a', question }) });
    const again = apply<Accepted>({ type: 'accept-turn', tenant, turn: newTurn('t2', { askId: 'a', question }) });
    expect(again).toMatchObject({ repeated: true, turn: { question: 'a\0b \ufffd c' } });
  });
});

describe('beginning an attempt', () => {
  test('attempts are counted, and the time of the first one is kept', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    expect([0, 1, 2].map((known) => apply(begin('t1', known, 100 + known)))).toEqual([1, 2, 3]);
    expect(apply({ type: 'get-turn', tenant, turn: 't1' })).toMatchObject({ attempts: 3, startedAt: 100, state: 'accepted' });
  });

  test('the very same call made twice counts once', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { attempts: 1 }) });
    expect([apply(begin('t1', 1, 5)), apply(begin('t1', 1, 5))]).toEqual([2, 2]);
  });

  test('a turn that has ended, or never was, begins no attempt', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(FAILED), endedAt: 9 });
    expect(() => apply(begin('t1', 0, 10))).toThrow(expect.objectContaining({ code: 'TURN_ENDED' }));
    expect(() => apply(begin('none', 0, 10))).toThrow(expect.objectContaining({ code: 'TURN_NOT_FOUND' }));
    expect(apply({ type: 'get-turn', tenant, turn: 't1' })).toMatchObject({ attempts: 0 });
  });
});

describe('taking attempts back', () => {
  test('leaves so many, and the time of the first one', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    for (const attempts of [0, 1]) apply(begin('t1', attempts, 50 + attempts));
    apply({ type: 'reset-attempts', tenant, turn: 't1', attempts: 1 });
    expect(apply({ type: 'get-turn', tenant, turn: 't1' })).toMatchObject({ attempts: 1, startedAt: 50 });
  });

  test('passes over a turn that has ended, or never was', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { attempts: 1 }) });
    apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(FAILED), endedAt: 2000 });
    for (const turn of ['t1', 'none']) apply({ type: 'reset-attempts', tenant, turn, attempts: 0 });
    expect(apply({ type: 'get-turn', tenant, turn: 't1' })).toMatchObject({ attempts: 1 });
  });
});

describe('ending a turn', () => {
  test('an answer is read back with its text', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    expect(apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(answered('It is.')), endedAt: 2000 })).toBe(true);
    const expected = { state: 'answered', endedAt: 2000, end: answerEnd('It is.'), error: null };
    expect(apply({ type: 'get-turn', tenant, turn: 't1' })).toMatchObject(expected);
  });

  test('a failure is read back with its error', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(FAILED), endedAt: 2000 });
    expect(apply({ type: 'get-turn', tenant, turn: 't1' })).toMatchObject({ ...FAILED, end: null, endedAt: 2000 });
  });

  test('a turn ends once: a second end is refused and changes nothing', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(answered('It is.')), endedAt: 2000 });
    expect(apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(answered('It is not.')), endedAt: 2000 })).toBe(false);
    expect(apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(FAILED), endedAt: 3000 })).toBe(false);
    expect(apply<TurnRecord>({ type: 'get-turn', tenant, turn: 't1' }).end?.answer).toBe('It is.');
  });

  test('the very same end told twice has ended the turn both times', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    const end = { type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(answered('It is.')), endedAt: 2000 } as const;
    expect([apply(end), apply(end)]).toEqual([true, true]);
  });

  test('a turn that does not exist cannot end', () => {
    const { apply } = open();
    const end = { type: 'end-turn', tenant, turn: 'none', outcome: toOutcomeColumns(FAILED), endedAt: 1 } as const;
    expect(() => apply(end)).toThrow(expect.objectContaining({ code: 'TURN_NOT_FOUND' }));
  });

  test('a turn that is over already is written with its end, once', () => {
    const { apply, database } = open();
    const record = { type: 'record-cached-turns', tenant, ...recorded(cachedTurn('t1', 'Kept.')) } as const;
    apply(record);
    apply(record);
    const { end, ...turn } = apply<TurnRecord>({ type: 'get-turn', tenant, turn: 't1' });
    expect(turn).toMatchObject({ state: 'answered', endedAt: 1000, askId: 'ask-t1', question: 'What is it?' });
    expect(end).toEqual({ ...answerEnd('Kept.'), cache_hit: true, latency_ms: 0 });
    expect(apply({ type: 'get-session', tenant, session: 's-t1' })).toMatchObject({ turnCount: 1, title: 'What is it?' });
    expect(keptAnswers(database)).toEqual([{ text: 'Kept.', turn_count: 1 }]);
  });

  test('an answer that several turns were given is kept once, and until the last of them is forgotten', () => {
    const { apply, database } = open();
    const { answer } = cachedTurn('', 'Kept.');
    const record = (...turns: CachedTurn[]): unknown => apply({ type: 'record-cached-turns', tenant, ...recorded(...turns) });
    record(cachedTurn('t1', '', { answer }), cachedTurn('t2', '', { answer }), cachedTurn('t3', 'Other.'));
    record(cachedTurn('t4', 'Kept.'));
    expect(keptAnswers(database)).toEqual([{ text: 'Kept.', turn_count: 3 }, { text: 'Other.', turn_count: 1 }]);
    for (const session of ['s-t1', 's-t3', 's-t4']) apply({ type: 'delete-session', tenant, session });
    expect(keptAnswers(database)).toEqual([{ text: 'Kept.', turn_count: 1 }]);
    expect(apply<TurnRecord>({ type: 'get-turn', tenant, turn: 't2' }).end).toMatchObject({ answer: 'Kept.', finish: 'stop' });
    apply({ type: 'delete-session', tenant, session: 's-t2' });
    expect(keptAnswers(database)).toEqual([]);
  });

  test('forgetting a session of another tenant keeps the answers of this one', () => {
    const { apply, database } = open();
    for (const owner of [tenant, 'other']) apply({ type: 'record-cached-turns', tenant: owner, ...recorded(cachedTurn('t1', 'Kept.')) });
    apply({ type: 'delete-session', tenant: 'other', session: 's-t1' });
    expect(keptAnswers(database)).toEqual([{ text: 'Kept.', turn_count: 1 }]);
  });

  test('unfinished turns come oldest first, of one session or of all', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t3', { session: 's2', acceptedAt: 30 }) });
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { acceptedAt: 10 }) });
    apply({ type: 'accept-turn', tenant, turn: newTurn('t2', { acceptedAt: 20 }) });
    apply({ type: 'end-turn', tenant, turn: 't2', outcome: toOutcomeColumns(FAILED), endedAt: 40 });
    const ids = (session: string | null): string[] =>
      apply<TurnRecord[]>({ type: 'unfinished-turns', tenant, session }).map(({ id }) => id);
    expect(ids(null)).toEqual(['t1', 't3']);
    expect(ids('s2')).toEqual(['t3']);
    expect(ids('none')).toEqual([]);
  });
});

describe('sessions', () => {
  test('a session counts its turns, is titled by its first question and moves with every change', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { question: 'First?', acceptedAt: 10 }) });
    apply({ type: 'accept-turn', tenant, turn: newTurn('t2', { question: 'Second?', acceptedAt: 20 }) });
    apply({ type: 'end-turn', tenant, turn: 't1', outcome: toOutcomeColumns(FAILED), endedAt: 30 });
    const expected = { id: 's1', createdAt: 10, updatedAt: 30, turnCount: 2, title: 'First?' };
    expect(apply({ type: 'get-session', tenant, session: 's1' })).toEqual(expected);
  });

  test('a title has at most 200 characters and no half of one', () => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1', { question: `a${'🦆'.repeat(300)}` }) });
    const { title } = apply<SessionRecord>({ type: 'get-session', tenant, session: 's1' });
    expect(title).toBe(`a${'🦆'.repeat(199)}`);
  });

  test('pages of turns and sessions, joined, are all of them in order', () => {
    const { apply } = open();
    const ids = Array.from({ length: 7 }, (_, at) => `t${at}`);
    for (const [at, id] of ids.entries()) {
      apply({ type: 'accept-turn', tenant, turn: newTurn(id, { acceptedAt: 100 + at }) });
      apply({ type: 'accept-turn', tenant, turn: newTurn(`x${id}`, { session: `s-${id}`, acceptedAt: 200 + (at % 3) }) });
    }
    const turns = allPages((page) => apply<Page<TurnRecord>>({ type: 'list-turns', tenant, session: 's1', page }));
    expect(turns.map(({ id }) => id)).toEqual(ids);
    const sessions = allPages((page) => apply<Page<SessionRecord>>({ type: 'list-sessions', tenant, page }));
    expect(sessions).toHaveLength(8);
    const latestFirst = sessions.toSorted((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1));
    expect(sessions).toEqual(latestFirst);
  });

  test.each(['', 'x', 'bnVsbA', Buffer.from('["a"]').toString('base64url')])('the cursor %j is refused by name', (after) => {
    const { apply } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    expect(() => apply({ type: 'list-turns', tenant, session: 's1', page: { limit: 1, after } })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', details: [expect.objectContaining({ field: 'cursor' })] }),
    );
  });

  test.each([0, -1, 1.5, 1001, Number.NaN])('a page of %d is refused by name', (limit) => {
    const { apply } = open();
    expect(() => apply({ type: 'list-sessions', tenant, page: { limit } })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', details: [expect.objectContaining({ field: 'limit' })] }),
    );
  });

  test('the latest turns of a session are its last ones, oldest first; a session that is not known has none', () => {
    const { apply } = open();
    for (const n of [1, 2, 3, 4]) apply({ type: 'accept-turn', tenant, turn: newTurn(`t${n}`, { acceptedAt: 5000 - n }) });
    const latest = (session: string, limit: number) => apply<TurnRecord[]>({ type: 'latest-turns', tenant, session, limit }).map(({ id }) => id);
    expect([latest('s1', 3), latest('s1', 100), latest('none', 3)]).toEqual([['t2', 't3', 't4'], ['t1', 't2', 't3', 't4'], []]);
  });

  test('a forgotten session leaves no row of it in any table, and no other is touched', () => {
    const { apply, database } = open();
    for (const session of ['s1', 's2']) {
      const turn = newTurn(`t-${session}`, { session });
      apply({ type: 'accept-turn', tenant, turn });
      apply({ type: 'end-turn', tenant, turn: turn.id, outcome: toOutcomeColumns(answered('Yes.')), endedAt: 2 });
      apply({ type: 'add-feedback', tenant, feedback: { turn: turn.id, rating: 'up' }, at: 3 });
    }
    apply({ type: 'delete-session', tenant, session: 's1' });
    const counts = ['session', 'turn', 'message', 'feedback'].map(
      (table) => database.prepare(`select count(*) as rows from ${table}`).get()?.['rows'],
    );
    expect(counts).toEqual([1, 1, 2, 1]);
    expect(() => apply({ type: 'list-turns', tenant, session: 's1', page: { limit: 1 } })).toThrow(
      expect.objectContaining({ code: 'SESSION_NOT_FOUND' }),
    );
    expect(() => apply({ type: 'delete-session', tenant, session: 's1' })).toThrow(
      expect.objectContaining({ code: 'SESSION_NOT_FOUND' }),
    );
  });

  test('a second opinion of a turn replaces the first', () => {
    const { apply, database } = open();
    apply({ type: 'accept-turn', tenant, turn: newTurn('t1') });
    apply({ type: 'add-feedback', tenant, feedback: { turn: 't1', rating: 'up', comment: 'good' }, at: 3 });
    apply({ type: 'add-feedback', tenant, feedback: { turn: 't1', rating: 'down' }, at: 4 });
    const rows = database.prepare('select rating, comment, created_at from feedback').all();
    expect(rows.map((row) => ({ ...row }))).toEqual([{ rating: 'down', comment: null, created_at: 4 }]);
    expect(() => apply({ type: 'add-feedback', tenant, feedback: { turn: 'none', rating: 'up' }, at: 5 })).toThrow(
      expect.objectContaining({ code: 'TURN_NOT_FOUND' }),
    );
  });
});

function allPages<Item>(next: (page: { limit: number; after?: string }) => Page<Item>): Item[] {
  const items: Item[] = [];
  let page = next({ limit: 3 });
  for (;;) {
    items.push(...page.items);
    if (page.cursor === null) return items;
    page = next({ limit: 3, after: page.cursor });
  }
}
