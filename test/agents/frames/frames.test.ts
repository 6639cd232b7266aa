import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameLog } from '#agents/frames/frames.agent.ts';
import { frameLog, FRAMES, framesAgent, whenFrameLog } from '#agents/frames/frames.agent.ts';
import { memoryJournal } from '#src/adapters/frame-journal/memory.ts';
import type { LoggedFrame } from '#src/ports/frame.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import { settled } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';

const USAGE = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

const accepted = (turn: string): LoggedFrame => ({ type: 'accepted', id: `ask-${turn}`, turn, question: 'Why?' });
const sources = (turn: string): LoggedFrame => ({ type: 'sources', turn, sources: [] });
const started = (turn: string): LoggedFrame => ({ type: 'answer-start', turn });
const delta = (turn: string, text = 'word '): LoggedFrame => ({ type: 'answer-delta', turn, text });
const ended = (turn: string): LoggedFrame => ({
  type: 'answer-end',
  turn,
  answer: '',
  citations: [],
  sources: [],
  cache_hit: false,
  latency_ms: 1,
  degraded: [],
  finish: 'stop',
  usage: USAGE,
  model: 'test:model',
});

async function startFrames(onLateDelta?: () => void): Promise<{ kernel: Kernel; log: FrameLog }> {
  const journal = memoryJournal({ maxBytes: 1_000_000, maxSessionBytes: 10_000 });
  const { kernel } = await startTree(() => [{ id: 'frames', name: FRAMES, start: framesAgent(journal, onLateDelta) }]);
  const log = await whenFrameLog(kernel);
  for (const session of ['a', 'b']) log.begin(session);
  return { kernel, log };
}

/** Listens like a socket: keeps what it got, as numbers of frames and names of stages. */
function listen(log: FrameLog, session: string, after?: number): { got: (number | string)[]; isResumed: boolean } {
  const got: (number | string)[] = [];
  const subscription = log.subscribe(session, after, {
    frames: (records) => got.push(...numbers(records)),
    status: (json) => got.push((JSON.parse(json) as { stage: string }).stage),
  });
  got.unshift(...numbers(subscription.missed));
  return { got, isResumed: subscription.isResumed };
}

function lastSeq(log: FrameLog, session: string): number {
  const subscription = log.subscribe(session, undefined, { frames: () => undefined, status: () => undefined });
  subscription.unsubscribe();
  return subscription.lastSeq;
}

async function heapBytes(): Promise<number> {
  let rounds = 0;
  await collectGarbage(() => (rounds += 1) > 3);
  return process.memoryUsage().heapUsed;
}

/** Of the frames, each of several that came as one included. */
function numbers(records: readonly FrameRecord[]): number[] {
  return records.flatMap(({ seq, from = seq }) => Array.from({ length: seq - from + 1 }, (_, index) => from + index));
}

describe('frames', () => {
  test('text for a turn that has ended is not logged, and told', async () => {
    let late = 0;
    const { log } = await startFrames(() => (late += 1));
    for (const frame of [accepted('1'), sources('1'), started('1'), delta('1', 'in time'), ended('1')]) log.append('a', frame);
    expect(log.append('a', delta('1', 'late'))).toBeUndefined();
    expect([late, lastSeq(log, 'a')]).toEqual([1, 5]);
  });

  test('numbers begin at 1 in every new session and stand in the frame itself', async () => {
    const { log } = await startFrames();
    expect([log.append('a', accepted('1')), log.append('a', sources('1')), log.append('b', accepted('2'))]).toEqual([1, 2, 1]);
    const { missed } = log.subscribe('a', 0, { frames: () => undefined, status: () => undefined });
    expect(JSON.parse(missed[1]?.json ?? '')).toEqual({ type: 'sources', turn: '1', sources: [], seq: 2 });
  });

  test('listeners get what is logged after they came, once and in order, at the end of the turn of the loop', async () => {
    const { log } = await startFrames();
    log.append('a', accepted('1'));
    const early = listen(log, 'a', 1);
    const other = listen(log, 'b');
    log.append('a', sources('1'));
    log.append('a', started('1'));
    expect(early.got).toEqual([]);
    await settled();
    expect(early.got).toEqual([2, 3]);
    expect(other.got).toEqual([]);
  });

  test('the first words of an answer do not wait for those that come in the same turn of the loop', async () => {
    const { log } = await startFrames();
    const { got } = listen(log, 'a');
    for (const frame of [accepted('1'), sources('1'), started('1'), delta('1', 'first ')]) log.append('a', frame);
    await Promise.resolve();
    expect(got).toEqual([1, 2, 3, 4]);
    log.append('a', delta('1', 'second '));
    await Promise.resolve();
    expect(got).toEqual([1, 2, 3, 4]);
    await settled();
    expect(got).toEqual([1, 2, 3, 4, 5]);
  });

  test('many sessions at once are sent their frames in parts, between which the loop looks after others', async () => {
    const { log } = await startFrames();
    const listeners = Array.from({ length: 600 }, (_, at) => listen(log, `s${at}`));
    for (let at = 0; at < 600; at += 1) log.append(`s${at}`, accepted('1'));
    const served: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      served.push(listeners.filter(({ got }) => got.length === 1).length);
    }
    expect(served).toEqual([250, 500, 600, 600]);
  });

  test('a status frame comes behind what was logged before it, and is not replayed', async () => {
    const { log } = await startFrames();
    const { got } = listen(log, 'a');
    log.append('a', accepted('1'));
    log.publish('a', { type: 'status', turn: '1', stage: 'retrieving' });
    log.append('a', sources('1'));
    await settled();
    expect(got).toEqual([1, 'retrieving', 2]);
    expect(listen(log, 'a', 0).got).toEqual([1, 2]);
  });

  test('without after a client gets the running turn from its accepted, and nothing of ended ones', async () => {
    const { log } = await startFrames();
    for (const frame of [accepted('1'), ended('1'), accepted('2'), sources('2')]) log.append('a', frame);
    expect(listen(log, 'a').got).toEqual([3, 4]);
    log.append('a', ended('2'));
    await settled();
    expect(listen(log, 'a').got).toEqual([]);
  });

  test.for([
    [0, true],
    [2, true],
    [3, true],
    [4, false],
    [99, false],
  ] as const)('after=%i of 3 frames is resumed: %s', async ([after, isResumed]) => {
    const { log } = await startFrames();
    for (const frame of [accepted('1'), sources('1'), started('1')]) log.append('a', frame);
    expect(listen(log, 'a', after).isResumed).toBe(isResumed);
  });

  test('a session from before a restart never gets a number again that it may have had', async () => {
    const { log } = await startFrames();
    for (const frame of [accepted('1'), sources('1'), started('1')]) log.append('old', frame);
    expect(lastSeq(log, 'old')).toBeGreaterThan(1_000_000_000_000);
    for (const after of [0, 1, 2, 3, 500]) expect(listen(log, 'old', after)).toEqual({ got: [], isResumed: false });
  });

  test('what fell out of the log is not resumed with a gap', async () => {
    const { log } = await startFrames();
    for (let turn = 1; turn <= 50; turn += 1) {
      for (const frame of [accepted(`${turn}`), started(`${turn}`), delta(`${turn}`, 'x'.repeat(300)), ended(`${turn}`)]) log.append('a', frame);
    }
    const late = listen(log, 'a', 1);
    expect(late).toEqual({ got: [], isResumed: false });
    expect(listen(log, 'a', lastSeq(log, 'a') - 4).got).toHaveLength(4);
  });

  test('a turn keeps its order: accepted, sources, answer-start, deltas, one end', async () => {
    const { log } = await startFrames();
    expect(log.append('a', sources('1'))).toBeUndefined();
    log.append('a', accepted('1'));
    expect(log.append('a', accepted('1'))).toBeUndefined();
    expect(log.append('a', delta('1'))).toBeUndefined();
    log.append('a', started('1'));
    expect(log.append('a', sources('1'))).toBeUndefined();
    expect(log.append('a', started('1'))).toBeUndefined();
    log.append('a', ended('1'));
    expect(log.append('a', delta('1'))).toBeUndefined();
    expect(log.append('a', ended('1'))).toBeUndefined();
    expect(lastSeq(log, 'a')).toBe(3);
  });

  test('an open turn tells its text so far, a turn that ended is not open', async () => {
    const { log } = await startFrames();
    for (const frame of [accepted('1'), started('1'), delta('1', 'one '), delta('1', 'two')]) log.append('a', frame);
    expect([log.openTurns('a'), log.sentText('a', '1')]).toEqual([['1'], 'one two']);
    log.append('a', ended('1'));
    expect([log.openTurns('a'), log.sentText('a', '1')]).toEqual([[], '']);
  });

  test('a killed log goes on where it was: numbers, open turns and their text', async () => {
    const { kernel, log } = await startFrames();
    for (const frame of [accepted('1'), started('1'), delta('1', 'one ')]) log.append('a', frame);
    kernel.kill(FRAMES);
    const next = await whenFrameLog(kernel);
    expect(next).not.toBe(log);
    expect(next.sentText('a', '1')).toBe('one ');
    expect(next.append('a', delta('1', 'two'))).toBe(4);
    expect(listen(next, 'a', 1).got).toEqual([2, 3, 4]);
    expect(frameLog(kernel)).toBe(next);
  });

  test('a session that was only asked about, or spoken to behind its end, is not remembered', async () => {
    const { log } = await startFrames();
    const lookAt = (session: string): void => {
      log.openTurns(session);
      log.append(session, delta('gone'));
    };
    const before = await heapBytes();
    for (let index = 0; index < 10_000; index += 1) lookAt(`session ${index}`);
    expect((await heapBytes()) - before).toBeLessThan(2_000_000);
  });

  test('a forgotten session begins anew', async () => {
    const { log } = await startFrames();
    log.append('a', accepted('1'));
    log.forget('a');
    log.begin('a');
    expect(log.append('a', accepted('2'))).toBe(1);
  });

  test('whatever is appended, every listener that comes back with its last number sees 1, 2, 3 … once', async () => {
    const kinds = [accepted, sources, started, delta, ended];
    const step = fc.record({ kind: fc.nat(kinds.length - 1), turn: fc.constantFrom('1', '2'), isReconnect: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const journal = memoryJournal({ maxBytes: 1_000_000, maxSessionBytes: 1_000_000 });
        const { kernel } = await startTree(() => [{ id: 'frames', name: FRAMES, start: framesAgent(journal) }]);
        const log = await whenFrameLog(kernel);
        log.begin('a');
        log.append('a', accepted('0'));
        const seen: number[] = [];
        let current = follow(log, 0, seen);
        for (const { kind, turn, isReconnect } of steps) {
          log.append('a', (kinds[kind] ?? accepted)(turn));
          if (!isReconnect) continue;
          current.unsubscribe();
          current = follow(log, seen.at(-1) ?? 0, seen);
        }
        await settled();
        await kernel.stop();
        expect(seen).toEqual(Array.from({ length: lastSeq(log, 'a') }, (_, index) => index + 1));
      }),
      { numRuns: 50 },
    );
  });
});

function follow(log: FrameLog, after: number, seen: number[]): { unsubscribe(): void } {
  const subscription = log.subscribe('a', after, { frames: (records) => seen.push(...numbers(records)), status: () => undefined });
  seen.push(...numbers(subscription.missed));
  return subscription;
}
