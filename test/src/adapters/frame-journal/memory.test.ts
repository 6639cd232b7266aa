import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryJournal } from '#src/adapters/frame-journal/memory.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';

/** Turn 1 of a session has begun. */
const accepted = (session: string, seq: number, turn = '1'): FrameRecord => {
  const json = JSON.stringify({ type: 'accepted', id: turn, turn, question: 'Why?', seq });
  return { session, seq, type: 'accepted', turn, json, text: undefined };
};

const delta = (session: string, seq: number, text = 'ten units ', turn = '1'): FrameRecord => {
  const json = JSON.stringify({ type: 'answer-delta', turn, text, seq });
  return { session, seq, type: 'answer-delta', turn, json, text };
};

const ended = (session: string, seq: number, turn = '1'): FrameRecord => {
  const json = JSON.stringify({ type: 'answer-end', turn, answer: 'x'.repeat(100), seq });
  return { session, seq, type: 'answer-end', turn, json, text: undefined };
};

const numbers = (records: readonly FrameRecord[]): number[] => records.map(({ seq }) => seq);
const LIMITS = { maxBytes: 1_000_000, maxSessionBytes: 1_000_000 };

describe('memoryJournal', () => {
  test('reads back what was appended, session by session, in order, from behind a number on', () => {
    const journal = memoryJournal(LIMITS);
    for (const each of [accepted('a', 1), accepted('b', 1), ended('a', 2)]) journal.append(each);
    journal.flush();
    expect(numbers(journal.read('a', 0))).toEqual([1, 2]);
    expect(numbers(journal.read('a', 1))).toEqual([2]);
    expect(['a', 'b', 'c'].map((session) => journal.lastSeq(session))).toEqual([2, 1, 0]);
    expect([journal.read('a', 2), journal.read('c', 0)]).toEqual([[], []]);
  });

  test('deltas in a row come back as one frame that names the first of them, with the same text', () => {
    const journal = memoryJournal(LIMITS);
    for (const each of [accepted('a', 1), delta('a', 2, 'one '), delta('a', 3, 'two '), delta('a', 4, 'three')]) journal.append(each);
    const [, run] = journal.read('a', 0);
    expect(run).toMatchObject({ from: 2, seq: 4, text: 'one two three' });
    expect(JSON.parse(run?.json ?? '')).toEqual({ type: 'answer-delta', turn: '1', text: 'one two three', from: 2, seq: 4 });
  });

  test('any number cuts a run between two deltas, and one delta stands for itself alone', () => {
    const journal = memoryJournal(LIMITS);
    for (const each of [accepted('a', 1), delta('a', 2, 'one '), delta('a', 3, 'two '), delta('a', 4, 'three')]) journal.append(each);
    expect(journal.read('a', 2)).toMatchObject([{ from: 3, seq: 4, text: 'two three' }]);
    expect(journal.read('a', 3).map(({ json }) => JSON.parse(json) as unknown)).toEqual([{ type: 'answer-delta', turn: '1', text: 'three', seq: 4 }]);
  });

  test('the text of a turn is its deltas joined, also with another turn accepted in between', () => {
    const journal = memoryJournal(LIMITS);
    for (const each of [accepted('a', 1), delta('a', 2, 'one '), accepted('a', 3, '2'), delta('a', 4, 'two')]) journal.append(each);
    expect([journal.textOf('a', '1'), journal.textOf('a', '2'), journal.textOf('b', '1')]).toEqual(['one two', '', '']);
  });

  test('whatever deltas come, every cut has the text behind it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1, maxLength: 200 }), fc.nat(), (texts, at) => {
        const journal = memoryJournal(LIMITS);
        journal.append(accepted('a', 1));
        for (const [index, text] of texts.entries()) journal.append(delta('a', index + 2, text));
        const cut = at % texts.length;
        expect(journal.read('a', cut + 1).map(({ text }) => text).join('')).toBe(texts.slice(cut).join(''));
      }),
    );
  });

  test('a session above its bound loses its oldest turns whole, never a part of one', () => {
    const journal = memoryJournal({ maxBytes: 100_000, maxSessionBytes: 4000 });
    for (let turn = 1; turn <= 10; turn += 1) {
      const seq = 3 * turn - 2;
      for (const each of [accepted('a', seq, `${turn}`), delta('a', seq + 1, 'x'.repeat(100), `${turn}`), ended('a', seq + 2, `${turn}`)]) journal.append(each);
    }
    const kept = journal.read('a', 0);
    expect(kept.length % 3).toBe(0);
    expect(kept.length).toBeLessThan(30);
    expect([kept[0]?.type, journal.lastSeq('a')]).toEqual(['accepted', 30]);
  });

  test('a turn without an end stays, however long it is and whatever waits behind it', () => {
    const journal = memoryJournal({ maxBytes: 3000, maxSessionBytes: 2000 });
    journal.append(accepted('a', 1));
    journal.append(accepted('a', 2, '2'));
    for (let seq = 3; seq <= 100; seq += 1) journal.append(delta('a', seq, 'x'.repeat(100)));
    expect(numbers(journal.read('a', 0))).toEqual([1, 2, 100]);
  });

  test('what is kept of a session has no gap, though turns overlap', () => {
    const journal = memoryJournal({ maxBytes: 100_000, maxSessionBytes: 1500 });
    const turns = [accepted('a', 1), accepted('a', 2, '2'), delta('a', 3), ended('a', 4), delta('a', 5, 'x'.repeat(1500), '2'), ended('a', 6, '2'), accepted('a', 7, '3')];
    for (const each of turns) journal.append(each);
    let next = journal.read('a', 0)[0]?.seq ?? 0;
    for (const { seq, from = seq } of journal.read('a', 0)) {
      expect(from).toBe(next);
      next = seq + 1;
    }
    expect(next).toBe(8);
  });

  test('over the bound of all sessions old turns go first, of each session its last one stays', () => {
    const journal = memoryJournal({ maxBytes: 6000, maxSessionBytes: 6000 });
    for (let turn = 1; turn <= 10; turn += 1) {
      for (const session of ['a', 'b', 'c']) {
        journal.append(accepted(session, 2 * turn - 1, `${turn}`));
        journal.append(ended(session, 2 * turn, `${turn}`));
      }
    }
    for (const session of ['a', 'b', 'c']) expect(numbers(journal.read(session, 18))).toEqual([19, 20]);
    expect(journal.read('a', 0).length).toBeLessThan(20);
  });

  test('over the bound of all sessions the one whose last turn is oldest goes, unless it has not ended', () => {
    const journal = memoryJournal({ maxBytes: 1800, maxSessionBytes: 1800 });
    for (const session of ['open', 'a', 'b']) journal.append(accepted(session, 1));
    for (const session of ['a', 'b']) journal.append(ended(session, 2));
    journal.append(accepted('a', 3, '2'));
    for (let seq = 2; seq <= 4; seq += 1) journal.append(accepted('open', seq, `${seq}`));
    expect([journal.read('b', 0), journal.lastSeq('open'), journal.lastSeq('a')]).toEqual([[], 4, 3]);
  });

  test('a forgotten session is gone', () => {
    const journal = memoryJournal(LIMITS);
    journal.append(accepted('a', 1));
    journal.forget('a');
    expect([journal.lastSeq('a'), journal.read('a', 0)]).toEqual([0, []]);
  });
});
