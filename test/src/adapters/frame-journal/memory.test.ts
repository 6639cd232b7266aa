import { describe, expect, test } from 'vitest';
import { memoryJournal } from '#src/adapters/frame-journal/memory.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';

const record = (session: string, seq: number, turn = '1', size = 10): FrameRecord => ({
  session,
  seq,
  type: 'answer-delta',
  turn,
  json: 'x'.repeat(size),
});

const numbers = (records: readonly FrameRecord[]): number[] => records.map(({ seq }) => seq);

describe('memoryJournal', () => {
  test('reads back what was appended, session by session, in order', () => {
    const journal = memoryJournal({ maxBytes: 100_000, maxSessionBytes: 100_000 });
    for (const each of [record('a', 1), record('b', 1), record('a', 2)]) journal.append(each);
    journal.flush();
    expect(numbers(journal.read('a'))).toEqual([1, 2]);
    expect([journal.lastSeq('a'), journal.lastSeq('b'), journal.lastSeq('c')]).toEqual([2, 1, 0]);
    expect(journal.read('c')).toEqual([]);
  });

  test('a session above its bound loses its oldest turns whole, never a part of one', () => {
    const journal = memoryJournal({ maxBytes: 100_000, maxSessionBytes: 2000 });
    for (let turn = 1; turn <= 10; turn += 1) {
      for (let part = 0; part < 3; part += 1) journal.append(record('a', 3 * (turn - 1) + part + 1, `${turn}`, 100));
    }
    const kept = journal.read('a');
    expect(kept.length % 3).toBe(0);
    expect(kept.length).toBeLessThan(30);
    expect(journal.lastSeq('a')).toBe(30);
  });

  test('the last turn stays, however long it is', () => {
    const journal = memoryJournal({ maxBytes: 1_000_000, maxSessionBytes: 2000 });
    for (let seq = 1; seq <= 100; seq += 1) journal.append(record('a', seq, '1', 100));
    expect(journal.read('a')).toHaveLength(100);
  });

  test('over the bound of all sessions the one that was written to longest ago goes', () => {
    const journal = memoryJournal({ maxBytes: 3000, maxSessionBytes: 3000 });
    for (const session of ['a', 'b', 'a', 'c']) journal.append(record(session, journal.lastSeq(session) + 1, '1', 400));
    expect(journal.read('b')).toEqual([]);
    expect(numbers(journal.read('c'))).toEqual([1]);
  });

  test('a forgotten session is gone', () => {
    const journal = memoryJournal({ maxBytes: 3000, maxSessionBytes: 3000 });
    journal.append(record('a', 1));
    journal.forget('a');
    expect([journal.lastSeq('a'), journal.read('a')]).toEqual([0, []]);
  });
});
