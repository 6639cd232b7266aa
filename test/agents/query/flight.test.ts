import { describe, expect, test } from 'vitest';
import type { FrameLog } from '#agents/frames/frames.agent.ts';
import { FRAMES, framesAgent, whenFrameLog } from '#agents/frames/frames.agent.ts';
import { Flight } from '#agents/query/flight.ts';
import { memoryJournal } from '#src/adapters/frame-journal/memory.ts';
import { startTree } from '../../support/start-tree.ts';

async function startLog(): Promise<FrameLog> {
  const journal = memoryJournal({ maxBytes: 1_000_000, maxSessionBytes: 100_000 });
  const { kernel } = await startTree(() => [{ id: 'frames', name: FRAMES, start: framesAgent(journal) }]);
  return whenFrameLog(kernel);
}

function accept(log: FrameLog, turn: string): { session: string; turn: string; owner: string; sent: string, deadlineMs: 0 } {
  log.append(turn, { type: 'accepted', id: turn, turn, question: 'Why?' });
  return { session: turn, turn, owner: `session:${turn}`, sent: '', deadlineMs: 0 };
}

function textOf(log: FrameLog, turn: string): string {
  return log.sentText(turn, turn);
}

describe('Flight', () => {
  test('who joins late gets the text from the start, then follows live', async () => {
    const log = await startLog();
    const flight = new Flight(() => log);
    flight.join(accept(log, 'early'));
    flight.setSources([]);
    flight.addText('one ');
    flight.join(accept(log, 'late'));
    expect(textOf(log, 'late')).toBe('one ');
    flight.addText('two');
    expect([textOf(log, 'early'), textOf(log, 'late')]).toEqual(['one two', 'one two']);
    expect([flight.isComplete('early'), flight.isComplete('late')]).toEqual([true, true]);
  });

  test('who left gets nothing more', async () => {
    const log = await startLog();
    const flight = new Flight(() => log);
    flight.join(accept(log, 'a'));
    flight.setSources([]);
    flight.addText('one ');
    flight.citations.push({ source_id: 's', start: 0, end: 3 }, { source_id: 's', start: 4, end: 9 });
    expect(flight.leave('a')).toEqual({ citations: [{ source_id: 's', start: 0, end: 3 }], sources: [] });
    flight.addText('two');
    expect(textOf(log, 'a')).toBe('one ');
    expect(flight.isEmpty).toBe(true);
  });

  test('text that comes while the log restarts follows with the next piece', async () => {
    const log = await startLog();
    let isDown = false;
    const flight = new Flight(() => (isDown ? undefined : log));
    flight.join(accept(log, 'a'));
    flight.setSources([]);
    flight.addText('one ');
    isDown = true;
    flight.addText('two ');
    expect(flight.isComplete('a')).toBe(false);
    isDown = false;
    flight.addText('three');
    expect(textOf(log, 'a')).toBe('one two three');
  });

  test('an answer that begins as the dead query had begun goes on behind it', async () => {
    const log = await startLog();
    const first = new Flight(() => log);
    const waiter = accept(log, 'a');
    first.join(waiter);
    first.setSources([]);
    first.addText('one two ');
    const second = new Flight(() => log);
    second.join({ ...waiter, sent: 'one two ', deadlineMs: 0 });
    second.setSources([]);
    for (const piece of ['one ', 'two ', 'three']) second.addText(piece);
    expect(textOf(log, 'a')).toBe('one two three');
    expect(second.isComplete('a')).toBe(true);
  });

  test('an answer that begins otherwise is not mixed with what was sent', async () => {
    const log = await startLog();
    const waiter = accept(log, 'a');
    log.append('a', { type: 'answer-start', turn: 'a' });
    log.append('a', { type: 'answer-delta', turn: 'a', text: 'one two ' });
    const flight = new Flight(() => log);
    flight.join({ ...waiter, sent: 'one two ', deadlineMs: 0 });
    flight.setSources([]);
    for (const piece of ['one ', 'other ', 'three']) flight.addText(piece);
    expect(textOf(log, 'a')).toBe('one two ');
    expect(flight.isComplete('a')).toBe(false);
  });

  test('an answer that ends before what was sent is not complete', async () => {
    const log = await startLog();
    const waiter = accept(log, 'a');
    log.append('a', { type: 'answer-start', turn: 'a' });
    log.append('a', { type: 'answer-delta', turn: 'a', text: 'one two ' });
    const flight = new Flight(() => log);
    flight.join({ ...waiter, sent: 'one two ', deadlineMs: 0 });
    flight.setSources([]);
    flight.addText('one ');
    expect(flight.isComplete('a')).toBe(false);
  });
});
