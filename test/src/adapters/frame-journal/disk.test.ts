import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { DiskJournalOptions } from '#src/adapters/frame-journal/disk.ts';
import { DiskJournal } from '#src/adapters/frame-journal/disk.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const HOUR_MS = 3_600_000;

const record = (session: string, frame: { type: string; turn: string; text?: string; seq: number } & Record<string, unknown>): FrameRecord => {
  const { seq, type, turn, text } = frame;
  return { session, seq, type, turn, text, json: JSON.stringify(frame) };
};
const accepted = (session: string, seq: number, turn = '1'): FrameRecord => record(session, { type: 'accepted', turn, id: turn, question: 'Why?', seq });
const delta = (session: string, seq: number, text: string, turn = '1'): FrameRecord => record(session, { type: 'answer-delta', turn, text, seq });
const ended = (session: string, seq: number, turn = '1'): FrameRecord => record(session, { type: 'answer-end', turn, answer: 'all', seq });

interface Opened {
  readonly journal: DiskJournal;
  readonly failures: unknown[];
  readonly discarded: string[];
}

function open(directory: string, options: Partial<DiskJournalOptions> = {}): Opened {
  const failures: unknown[] = [];
  const discarded: string[] = [];
  const journal = new DiskJournal({
    directory,
    memory: { maxBytes: 1_000_000, maxSessionBytes: 100_000 },
    retainMs: HOUR_MS,
    onFailure: (error) => failures.push(error),
    onRecovery: () => failures.push('recovered'),
    onDiscarded: (reason) => discarded.push(reason),
    ...options,
  });
  onTestFinished(() => {
    if (existsSync(directory)) journal.close();
  });
  return { journal, failures, discarded };
}

function write(journal: DiskJournal, records: readonly FrameRecord[]): void {
  for (const each of records) journal.append(each);
  journal.flush();
}

/** Whole ones of the session `busy`. */
function writeTurns(journal: DiskJournal, first: number, last: number): void {
  for (let turn = first; turn <= last; turn += 1) write(journal, [accepted('busy', 2 * turn - 1, `${turn}`), ended('busy', 2 * turn, `${turn}`)]);
}

const segments = (directory: string): string[] => readdirSync(directory).sort().map((name) => join(directory, name));
const newest = (directory: string): string => segments(directory).at(-1) ?? '';
const seqs = (journal: DiskJournal, session: string, after = 0): number[] => journal.read(session, after).map(({ seq }) => seq);

describe('DiskJournal', () => {
  test('a process that comes after a killed one knows every frame that was flushed: numbers, text, any cut', () => {
    const directory = temporaryDirectory();
    write(open(directory).journal, [accepted('a', 1), delta('a', 2, 'Zwölf '), delta('a', 3, '𝄞 '), accepted('b', 1)]);
    const { journal, discarded } = open(directory);
    expect([journal.lastSeq('a'), journal.lastSeq('b'), journal.textOf('a', '1'), discarded]).toEqual([3, 1, 'Zwölf 𝄞 ', []]);
    expect(journal.read('a', 2)).toMatchObject([{ seq: 3, text: '𝄞 ' }]);
    expect(JSON.parse(journal.read('a', 0)[0]?.json ?? '')).toEqual({ type: 'accepted', turn: '1', id: '1', question: 'Why?', seq: 1 });
  });

  test('what was appended and not flushed is not on disk', () => {
    const directory = temporaryDirectory();
    const { journal } = open(directory);
    write(journal, [accepted('a', 1)]);
    journal.append(delta('a', 2, 'never sent'));
    expect(open(directory).journal.lastSeq('a')).toBe(1);
  });

  test('it goes on through many restarts, as if there had been none', () => {
    const directory = temporaryDirectory();
    write(open(directory).journal, [accepted('a', 1)]);
    for (let seq = 2; seq <= 10; seq += 1) write(open(directory).journal, [delta('a', seq, `${seq} `)]);
    const { journal } = open(directory);
    expect(journal.textOf('a', '1')).toBe('2 3 4 5 6 7 8 9 10 ');
    expect(journal.read('a', 5)).toMatchObject([{ from: 6, seq: 10 }]);
  });

  test('a session that was forgotten is forgotten after a restart, and begins anew', () => {
    const directory = temporaryDirectory();
    const { journal } = open(directory);
    write(journal, [accepted('a', 1), accepted('b', 1)]);
    journal.forget('a');
    const next = open(directory).journal;
    expect([next.lastSeq('a'), next.lastSeq('b')]).toEqual([0, 1]);
    write(next, [accepted('a', 1, '2')]);
    expect(seqs(open(directory).journal, 'a')).toEqual([1]);
  });

  test('a session whose numbers were begun anew is known by the new ones', () => {
    const directory = temporaryDirectory();
    write(open(directory).journal, [accepted('a', 1), ended('a', 2), accepted('a', 5000, '2')]);
    expect(seqs(open(directory).journal, 'a')).toEqual([5000]);
  });

  test('a file that is cut anywhere is not believed', () => {
    const directory = temporaryDirectory();
    const { journal } = open(directory);
    write(journal, [accepted('a', 1)]);
    write(journal, [delta('a', 2, 'and some text')]);
    const whole = readFileSync(newest(directory));
    for (let length = 0; length < whole.length; length += 1) {
      const copy = temporaryDirectory();
      writeFileSync(join(copy, '00000001.log'), whole.subarray(0, length));
      const next = open(copy);
      expect([next.journal.lastSeq('a'), next.discarded]).toEqual([0, ['segment 1 does not end as it was written']]);
    }
  });

  test('a write that a kill broke off in the middle, of which nobody was sent anything, is as if it had not been begun', () => {
    const directory = temporaryDirectory();
    const { journal } = open(directory);
    write(journal, [accepted('a', 1)]);
    const before = readFileSync(newest(directory));
    write(journal, [delta('a', 2, 'and some text')]);
    const whole = readFileSync(newest(directory));
    for (let length = before.length; length <= whole.length; length += 1) {
      const copy = temporaryDirectory();
      writeFileSync(join(copy, '00000001.log'), Buffer.concat([before, whole.subarray(before.length, length)]));
      const next = open(copy);
      expect([next.journal.lastSeq('a'), next.discarded]).toEqual([1, []]);
      write(next.journal, [delta('a', 2, 'another text')]);
      expect(open(copy).journal.textOf('a', '1')).toBe('another text');
    }
  });

  test('a flipped byte is not believed either', () => {
    for (const at of [0, 20, 60]) {
      const directory = temporaryDirectory();
      write(open(directory).journal, [accepted('a', 1), delta('a', 2, 'and some text')]);
      flip(newest(directory), at);
      const { journal, discarded } = open(directory);
      expect([journal.lastSeq('a'), discarded.length]).toEqual([0, 1]);
      write(journal, [accepted('a', 7000)]);
      expect(seqs(open(directory).journal, 'a')).toEqual([7000]);
    }
  });

  test('after the machine has been started anew nothing of the log is used: what had no fsync may be gone', () => {
    const directory = temporaryDirectory();
    write(open(directory, { boot: 'monday' }).journal, [accepted('a', 1)]);
    const { journal, discarded } = open(directory, { boot: 'tuesday' });
    expect([journal.lastSeq('a'), discarded]).toEqual([0, ['segment 1: the machine has been started since']]);
  });

  test('a missing segment makes the others useless', () => {
    const directory = temporaryDirectory();
    for (let seq = 1; seq <= 3; seq += 1) write(open(directory).journal, [accepted('a', seq, `${seq}`)]);
    rmSync(segments(directory)[1] ?? '');
    expect(open(directory).discarded).toEqual(['segment 2 is missing']);
  });

  test('segments are renewed when they are full, and old ones go', () => {
    const directory = temporaryDirectory();
    const { journal } = open(directory, { segmentBytes: 1000 });
    writeTurns(journal, 1, 50);
    expect(segments(directory)).toHaveLength(4);
    expect(open(directory).journal.lastSeq('busy')).toBe(100);
  });

  test('those that a turn without an end began in stay until it has ended', () => {
    const directory = temporaryDirectory();
    const { journal } = open(directory, { segmentBytes: 1000 });
    write(journal, [accepted('open', 1), delta('open', 2, 'half ')]);
    writeTurns(journal, 1, 50);
    const [first] = segments(directory);
    expect(segments(directory).length).toBeGreaterThan(4);
    const next = open(directory, { segmentBytes: 1000 }).journal;
    expect([next.textOf('open', '1'), segments(directory)[0]]).toEqual(['half ', first]);
    write(next, [ended('open', 3)]);
    writeTurns(next, 51, 60);
    expect(segments(directory)).toHaveLength(4);
  });

  test('when there are too many of them, a turn without an end is written once more, and they go', () => {
    const directory = temporaryDirectory();
    const { journal } = open(directory, { segmentBytes: 1000, maxSegments: 6 });
    write(journal, [accepted('open', 1), delta('open', 2, 'half '), delta('open', 3, 'an answer')]);
    for (let turn = 1; turn <= 100; turn += 10) {
      writeTurns(journal, turn, turn + 9);
      expect(segments(directory).length).toBeLessThanOrEqual(7);
    }
    const next = open(directory).journal;
    expect(next.textOf('open', '1')).toBe('half an answer');
    expect(next.read('open', 2)).toMatchObject([{ seq: 3, text: 'an answer' }]);
    expect([next.lastSeq('open'), next.lastSeq('busy')]).toEqual([3, 200]);
  });

  test('frames older than they may become go with the next start', () => {
    const directory = temporaryDirectory();
    write(open(directory).journal, [accepted('a', 1), ended('a', 2)]);
    const old = newest(directory);
    const past = Date.now() / 1000 - (2 * HOUR_MS) / 1000;
    utimesSync(old, past, past);
    open(directory);
    expect(existsSync(old)).toBe(false);
    expect(open(directory).journal.lastSeq('a')).toBe(0);
  });

  test('a disk that refuses costs the files, is told once, and the log goes on in memory', () => {
    const directory = temporaryDirectory();
    const { journal, failures } = open(directory, { segmentBytes: 10 });
    rmSync(directory, { recursive: true });
    write(journal, [accepted('a', 1), delta('a', 2, 'text')]);
    write(journal, [delta('a', 3, ' goes on')]);
    expect([journal.lastSeq('a'), journal.textOf('a', '1')]).toEqual([3, 'text goes on']);
    expect(failures.length).toBeGreaterThan(0);
  });

  test('a disk that takes the log again is given the turns without an end, also where nothing was written meanwhile', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const directory = temporaryDirectory();
    const { journal, failures } = open(directory, { segmentBytes: 10 });
    rmSync(directory, { recursive: true });
    write(journal, [accepted('a', 1), delta('a', 2, 'text')]);
    mkdirSync(directory);
    vi.advanceTimersByTime(HOUR_MS);
    expect(failures.at(-1)).toBe('recovered');
    write(journal, [delta('a', 3, ' goes on')]);
    expect(open(directory).journal.textOf('a', '1')).toBe('text goes on');
  });

  test('wherever a process is killed, the next one has what was flushed, all of it and nothing else', () => {
    const directory = temporaryDirectory();
    let count = 0;
    fc.assert(
      fc.property(fc.array(fc.record({ session: fc.constantFrom('a', 'b', 'c'), kind: fc.nat(3), isKilled: fc.boolean() }), { maxLength: 60 }), (steps) => {
        const own = join(directory, `${(count += 1)}`);
        let { journal } = open(own, { segmentBytes: 300 });
        const told = new Map<string, { seq: number; text: string; turn: number; isOpen: boolean }>();
        for (const { session, kind, isKilled } of steps) {
          const at = told.get(session) ?? { seq: 0, text: '', turn: 0, isOpen: false };
          if (!at.isOpen) told.set(session, { seq: at.seq + 1, text: '', turn: at.turn + 1, isOpen: true });
          else if (kind === 0) told.set(session, { ...at, seq: at.seq + 1, isOpen: false });
          else told.set(session, { ...at, seq: at.seq + 1, text: `${at.text}${at.seq} ` });
          const turn = `${told.get(session)?.turn ?? 0}`;
          if (!at.isOpen) write(journal, [accepted(session, at.seq + 1, turn)]);
          else write(journal, [kind === 0 ? ended(session, at.seq + 1, turn) : delta(session, at.seq + 1, `${at.seq} `, turn)]);
          if (isKilled) journal = open(own, { segmentBytes: 300 }).journal;
        }
        journal = open(own).journal;
        for (const [session, { seq, text, turn, isOpen }] of told) {
          if (!isOpen) continue;
          expect([journal.lastSeq(session), journal.textOf(session, `${turn}`)]).toEqual([seq, text]);
        }
      }),
      { numRuns: 30 },
    );
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
