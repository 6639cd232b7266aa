import { describe, expect, test } from 'vitest';
import {
  ask,
  dismiss,
  EMPTY_CONVERSATION,
  leaveSession,
  notifyError,
  rate,
  receive,
  refuse,
  stop,
  unacceptedTurns,
  unfinishedTurn,
  withoutStatistics,
} from '#src/web/conversation.js';
import type { AnswerEnd, Conversation, ErrorBody, ServerFrame, SnapshotTurn } from '#src/web/types.ts';

const OPEN: ServerFrame = { type: 'ready', session: 's', last_seq: 0, resumed: false };
const ACCEPTED: Extract<ServerFrame, { readonly type: 'accepted' }> = { type: 'accepted', id: 'a', turn: 't', question: 'Why?', seq: 1 };
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
  });

  test('a failed turn has no answer and is announced', () => {
    const failed = after(OPEN, ACCEPTED, delta('Be', 2), { type: 'answer-error', turn: 't', error: { ...ERROR, retry_after_ms: 1500 }, seq: 3 });
    expect(failed.turns).toMatchObject([{ state: 'failed', error: { code: 'TURN_TIMEOUT' } }]);
    expect(failed.notices).toMatchObject([{ text: 'Error: The question was not answered in time. Try again in 2 s.', code: 'TURN_TIMEOUT' }]);
    expect(dismiss(failed, failed.notices[0]?.key ?? 0).notices).toEqual([]);
  });

  test('a failure of the history is shown in its place only', () => {
    const told: SnapshotTurn = { id: 'a', turn: 't', question: 'Why?', state: 'failed', text: '', sources: [], end: { error: ERROR } };
    const loaded = after(OPEN, { type: 'snapshot', turns: [told] });
    expect(loaded.turns).toMatchObject([{ state: 'failed' }]);
    expect(loaded.notices).toEqual([]);
  });

  test('an error is left to whom it concerns', () => {
    const running = ask(after(OPEN, ACCEPTED), { id: 'b', question: 'How?' });
    for (const about of [{}, { id: 'a' }, { id: 'b' }, { turn: 't' }]) expect(after.from(running, { type: 'error', ...about, error: ERROR })).toBe(running);
  });

  test('a type that is not known changes nothing', () => {
    const future = { type: 'weather' } as unknown as ServerFrame;
    expect(after.from(after(OPEN), future)).toEqual(after(OPEN));
  });
});

describe('refuse', () => {
  const error: ErrorBody = { code: 'QUESTION_TOO_LONG', message: 'The question is too long.', retryable: false, details: [{ field: 'question', expected: 'at most 3', got: '4' }] };

  test('fails the question with its reasons, and the others go on', () => {
    const refused = refuse(ask(after(OPEN, ACCEPTED), { id: 'b', question: 'Hmm?' }), 'b', error);
    expect(refused.turns).toMatchObject([{ id: 'a', state: 'running' }, { id: 'b', state: 'failed' }]);
    expect(refused.notices).toMatchObject([{ text: 'Error: The question is too long. question: expected at most 3, got: 4.' }]);
  });

  test('changes nothing of a question that was accepted', () => {
    const running = after(OPEN, ACCEPTED);
    expect(refuse(running, 'a', error)).toBe(running);
  });

  test('is no news where the reader stopped the question himself', () => {
    const stopped = stop(ask(after(OPEN), { id: 'a', question: 'Why?' }));
    const refused = refuse(stopped, 'a', { code: 'CANCELLED', message: 'The question was cancelled.', retryable: false });
    expect(refused.turns).toMatchObject([{ state: 'failed' }]);
    expect(refused.notices).toEqual([]);
  });

  test('does not keep an acceptance from being shown that comes after all', () => {
    const refused = refuse(ask(after(OPEN), { id: 'a', question: 'Why?' }), 'a', ERROR);
    expect(after.from(refused, ACCEPTED).turns).toMatchObject([{ state: 'running', error: null }]);
  });
});

describe('notices', () => {
  test('at most three stand, the latest ones', () => {
    const four = [1, 2, 3, 4].reduce((conversation) => notifyError(conversation, ERROR), EMPTY_CONVERSATION);
    expect(four.notices.map(({ key }) => key)).toEqual([2, 3, 4]);
  });
});

describe('withoutStatistics', () => {
  test('shows zeros where the service is not reached', () => {
    const counted = { ...EMPTY_CONVERSATION, statistics: { queries: 3, hits: 1, misses: 1, errors: 1, hit_rate: 33.3 } };
    expect(withoutStatistics(counted).statistics).toEqual({ queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 });
  });
});

describe('unacceptedTurns', () => {
  test('are the questions that are only known here', () => {
    const asked = ask(after(OPEN, ACCEPTED), { id: 'b', question: 'How?' });
    expect(unacceptedTurns(asked).map(({ id }) => id)).toEqual(['b']);
    expect(unacceptedTurns(after.from(asked, { ...ACCEPTED, id: 'b', turn: 'u' }))).toEqual([]);
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
    expect(left).toMatchObject({ session: null, turns: [{ id: 'b' }] });
  });
});

function after(...frames: readonly ServerFrame[]): Conversation {
  return frames.reduce(receive, EMPTY_CONVERSATION);
}
after.from = (conversation: Conversation, ...frames: readonly ServerFrame[]): Conversation => frames.reduce(receive, conversation);

function delta(text: string, seq: number): ServerFrame {
  return { type: 'answer-delta', turn: 't', text, seq };
}

function answerEnd(answer: string, seq: number): ServerFrame {
  return { type: 'answer-end', turn: 't', ...end(answer), seq };
}

function end(answer: string): AnswerEnd {
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  return { answer, citations: [], sources: [], cache_hit: false, latency_ms: 1, degraded: [], finish: 'stop', usage, model: 'm' };
}
