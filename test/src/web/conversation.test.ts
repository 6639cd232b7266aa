import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ask,
  dismiss,
  EMPTY_CONVERSATION,
  isGap,
  leaveSession,
  rate,
  receive,
  resumePoint,
  stop,
  unconfirmedFrames,
  unfinishedTurn,
  withoutStatistics,
} from '#src/web/conversation.js';
import type { AnswerEnd, Conversation, ErrorBody, NumberedFrame, ServerFrame, SnapshotTurn } from '#src/web/types.ts';

const OPEN: ServerFrame = { type: 'ready', session: 's', last_seq: 0, resumed: false };
const ACCEPTED: ServerFrame = { type: 'accepted', id: 'a', turn: 't', question: 'Why?', seq: 1 };
const ERROR: ErrorBody = { code: 'TURN_TIMEOUT', message: 'The question was not answered in time.', retryable: true };

describe('receive', () => {
  test('a turn goes from its question to its answer', () => {
    const asked = ask(after(OPEN), { id: 'a', question: 'Why?' });
    expect(asked.turns).toMatchObject([{ id: 'a', turn: null, state: 'sending' }]);
    const running = after.from(asked, ACCEPTED, { type: 'status', turn: 't', stage: 'retrieving' });
    expect(running.turns).toMatchObject([{ turn: 't', state: 'running', stage: 'retrieving' }]);
    const streaming = after.from(running, { type: 'answer-start', turn: 't', seq: 2 }, delta('Be', 3), delta('cause.', 4));
    expect(streaming.turns).toMatchObject([{ text: 'Because.', state: 'running' }]);
    const ended = after.from(streaming, answerEnd('Because.', 5));
    expect(ended.turns).toMatchObject([{ text: 'Because.', state: 'answered', stage: null, end: { finish: 'stop' } }]);
    expect(unfinishedTurn(ended)).toBeUndefined();
  });

  test('a question of another tab appears', () => {
    expect(after(OPEN, ACCEPTED).turns).toMatchObject([{ id: 'a', question: 'Why?', state: 'running' }]);
  });

  test('a frame of the log is taken once', () => {
    const once = after(OPEN, ACCEPTED, delta('Be', 2));
    expect(after.from(once, ACCEPTED, delta('Be', 2))).toEqual(once);
  });

  test('a log that is sent in part again, in coalesced deltas too, gives the same conversation', () => {
    const texts = fc.array(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(texts, fc.nat(20), fc.nat(20), (pieces, cutAt, back) => {
        const log = [ACCEPTED, ...pieces.map((text, index) => delta(text, index + 2)), answerEnd(pieces.join(''), pieces.length + 2)] as NumberedFrame[];
        const seen = log.slice(0, cutAt % (log.length + 1));
        const again = coalesce(log.slice(seen.length));
        const repeated = seen.slice(Math.max(0, seen.length - back));
        const resumed: ServerFrame = { type: 'ready', session: 's', last_seq: log.length, resumed: true };
        expect(after(OPEN, ...seen, resumed, ...repeated, ...again).turns).toEqual(after(OPEN, ...log).turns);
      }),
    );
  });

  test('a log that cannot be resumed is replaced by a snapshot, and goes on behind it', () => {
    const before = rate(after(OPEN, ACCEPTED, delta('lost', 2)), 't', 'up');
    const waiting = ask(before, { id: 'b', question: 'And then?' });
    const told: SnapshotTurn[] = [
      { id: 'a', turn: 't', question: 'Why?', state: 'answered', text: 'Because.', sources: [], end: end('Because.') },
      { id: 'c', turn: 'u', question: 'How?', state: 'running', text: 'So ', sources: [] },
    ];
    const ready: ServerFrame = { type: 'ready', session: 's', last_seq: 7, resumed: false };
    const next = after.from(waiting, ready, { type: 'snapshot', turns: told }, { type: 'answer-delta', turn: 'u', text: 'it is.', seq: 8 });
    expect(next.turns).toMatchObject([
      { id: 'a', state: 'answered', text: 'Because.', rating: 'up' },
      { id: 'c', state: 'running', text: 'So it is.' },
      { id: 'b', state: 'sending' },
    ]);
    expect(next.lastSeq).toBe(8);
  });

  test('a failed turn has no answer and is announced', () => {
    const failed = after(OPEN, ACCEPTED, delta('Be', 2), { type: 'answer-error', turn: 't', error: { ...ERROR, retry_after_ms: 1500 }, seq: 3 });
    expect(failed.turns).toMatchObject([{ state: 'failed', error: { code: 'TURN_TIMEOUT' } }]);
    expect(failed.notices).toMatchObject([{ text: 'Error: The question was not answered in time. Try again in 2 s.', code: 'TURN_TIMEOUT' }]);
    expect(dismiss(failed, failed.notices[0]?.key ?? 0).notices).toEqual([]);
  });

  test('a failure of the history is shown in its place only', () => {
    const ready: ServerFrame = { type: 'ready', session: 's', last_seq: 2, resumed: true };
    const loaded = after(ready, ACCEPTED, { type: 'answer-error', turn: 't', error: ERROR, seq: 2 });
    expect(loaded.turns).toMatchObject([{ state: 'failed' }]);
    expect(loaded.notices).toEqual([]);
  });

  test('a refused question fails with its reasons, and the others go on', () => {
    const error: ErrorBody = { code: 'QUESTION_TOO_LONG', message: 'The question is too long.', retryable: false, details: [{ field: 'question', expected: 'at most 3', got: '4' }] };
    const refused = after.from(ask(after(OPEN, ACCEPTED), { id: 'b', question: 'Hmm?' }), { type: 'error', id: 'b', error });
    expect(refused.turns).toMatchObject([{ id: 'a', state: 'running' }, { id: 'b', state: 'failed' }]);
    expect(refused.notices).toMatchObject([{ text: 'Error: The question is too long. question: expected at most 3, got: 4.' }]);
  });

  test('a turn that ended before it was stopped is no error for the reader', () => {
    const error: ErrorBody = { code: 'TURN_ENDED', message: 'The turn has already ended.', retryable: false };
    expect(after(OPEN, { type: 'error', turn: 't', error }).notices).toEqual([]);
  });

  test('a question that was accepted is not failed by its repetition', () => {
    const running = after(OPEN, ACCEPTED);
    expect(after.from(running, { type: 'error', id: 'a', error: ERROR })).toBe(running);
  });

  test('at most three notices stand, the latest ones', () => {
    const error: ServerFrame = { type: 'error', error: ERROR };
    expect(after(error, error, error, error).notices.map(({ key }) => key)).toEqual([2, 3, 4]);
  });

  test('statistics are those of the last frame, and zeros without a connection', () => {
    const counted = after({ type: 'stats', queries: 3, hits: 1, misses: 1, errors: 1, hit_rate: 33.3 });
    expect(counted.statistics).toMatchObject({ queries: 3, hit_rate: 33.3 });
    expect(withoutStatistics(counted).statistics).toEqual({ queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 });
  });

  test('a type that is not known changes nothing', () => {
    const future = { type: 'weather' } as unknown as ServerFrame;
    expect(after.from(after(OPEN), future)).toEqual(after(OPEN));
  });
});

describe('isGap', () => {
  test.for<[ServerFrame, boolean]>([
    [delta('next', 2), false],
    [delta('seen', 1), false],
    [delta('later', 3), true],
    [{ ...delta('several', 5), from: 2 }, false],
    [{ ...delta('several', 5), from: 4 }, true],
    [{ type: 'pong' }, false],
  ])('%o after seq 1: %s', ([frame, isMissing]) => {
    expect(isGap(after(OPEN, ACCEPTED), frame)).toBe(isMissing);
  });
});

describe('resumePoint', () => {
  test('is the last number that came, and outside every log for a page that knows nothing yet', () => {
    expect(resumePoint(EMPTY_CONVERSATION)).toBe(999_999_999_999_999);
    expect(resumePoint(after(OPEN))).toBe(0);
    expect(resumePoint(after(OPEN, ACCEPTED, delta('Be', 2)))).toBe(2);
  });
});

describe('unconfirmedFrames', () => {
  test('a question is asked again until it is accepted', () => {
    const asked = ask(after(OPEN), { id: 'a', question: 'Why?' });
    expect(unconfirmedFrames(asked)).toEqual([{ type: 'ask', id: 'a', question: 'Why?' }]);
    expect(unconfirmedFrames(after.from(asked, ACCEPTED))).toEqual([]);
  });

  test('a stop that came before the acceptance is sent behind it, and until the end', () => {
    const stopped = stop(ask(after(OPEN), { id: 'a', question: 'Why?' }));
    const accepted = after.from(stopped, ACCEPTED);
    expect(unconfirmedFrames(accepted)).toEqual([{ type: 'cancel', turn: 't' }]);
    expect(unconfirmedFrames(after.from(accepted, answerEnd('', 2)))).toEqual([]);
  });
});

describe('stop', () => {
  test('takes the oldest turn that runs', () => {
    const two = after(OPEN, ACCEPTED, { type: 'accepted', id: 'b', turn: 'u', question: 'How?', seq: 2 });
    expect(stop(two).turns.map(({ isStopping }) => isStopping)).toEqual([true, false]);
  });

  test('changes nothing where nothing runs', () => {
    expect(stop(EMPTY_CONVERSATION)).toBe(EMPTY_CONVERSATION);
  });
});

describe('leaveSession', () => {
  test('keeps the questions that were never accepted', () => {
    const left = leaveSession(ask(after(OPEN, ACCEPTED), { id: 'b', question: 'How?' }));
    expect(left).toMatchObject({ session: null, lastSeq: 0, turns: [{ id: 'b' }] });
  });
});

function after(...frames: readonly ServerFrame[]): Conversation {
  return frames.reduce(receive, EMPTY_CONVERSATION);
}
after.from = (conversation: Conversation, ...frames: readonly ServerFrame[]): Conversation => frames.reduce(receive, conversation);

function delta(text: string, seq: number): NumberedFrame {
  return { type: 'answer-delta', turn: 't', text, seq };
}

function answerEnd(answer: string, seq: number): NumberedFrame {
  return { type: 'answer-end', turn: 't', ...end(answer), seq };
}

function end(answer: string): AnswerEnd {
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  return { answer, citations: [], sources: [], cache_hit: false, latency_ms: 1, degraded: [], finish: 'stop', usage, model: 'm' };
}

/** Joins neighbouring deltas as a replay does. */
function coalesce(frames: readonly NumberedFrame[]): NumberedFrame[] {
  return frames.reduce<NumberedFrame[]>((joined, frame) => {
    const last = joined.at(-1);
    if (last?.type !== 'answer-delta' || frame.type !== 'answer-delta') return [...joined, frame];
    return [...joined.slice(0, -1), { ...frame, text: last.text + frame.text, from: last.from ?? last.seq }];
  }, []);
}
