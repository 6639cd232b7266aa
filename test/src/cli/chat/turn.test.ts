import { describe, expect, test } from 'vitest';
import type { ServerFrame } from '#src/cli/chat/chat-socket.ts';
import { Turn } from '#src/cli/chat/turn.ts';

const END = {
  answer: 'One two three.',
  citations: [],
  sources: [],
  cache_hit: false,
  latency_ms: 1,
  degraded: [],
  finish: 'stop',
  usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  model: 'm',
} as const;
const ERROR = { code: 'OVERLOADED', message: 'The service has more work than it can take.', retryable: true } as const;

function startTurn() {
  const pieces: string[] = [];
  const turn = new Turn('count?', {}, { text: (piece) => void pieces.push(piece), stage: () => undefined });
  const accept = (): void => turn.receive({ type: 'accepted', id: turn.ask.id, turn: 't1', question: 'count?', seq: 1 });
  const delta = (text: string): void => turn.receive({ type: 'answer-delta', turn: 't1', text, seq: 2 });
  const snapshot = (text: string, end?: typeof END): void => {
    const shown = { id: turn.ask.id, turn: 't1', question: 'count?', state: 'running', text, sources: [] } as const;
    turn.receive({ type: 'snapshot', turns: [{ ...shown, ...(end && { end }) }] });
  };
  return { turn, pieces, accept, delta, snapshot };
}

describe('Turn', () => {
  test('gives the text as it comes, then the end', async () => {
    const { turn, pieces, accept, delta } = startTurn();
    accept();
    delta('One two');
    delta(' three.');
    turn.receive({ type: 'answer-end', turn: 't1', ...END, seq: 4 });
    expect(pieces).toEqual(['One two', ' three.']);
    expect(await turn.ended).toMatchObject({ answer: 'One two three.', turn: 't1' });
  });

  test('frames of other turns are not its own', () => {
    const { turn, pieces, accept } = startTurn();
    accept();
    turn.receive({ type: 'answer-delta', turn: 't0', text: 'other', seq: 2 });
    turn.receive({ type: 'accepted', id: 'other', turn: 't2', question: '', seq: 3 });
    expect({ pieces, id: turn.id }).toEqual({ pieces: [], id: 't1' });
  });

  test('an answer that begins anew is given once', () => {
    const { pieces, accept, delta, snapshot } = startTurn();
    accept();
    delta('One two');
    snapshot('');
    for (const text of ['One', ' two', ' three.']) delta(text);
    expect(pieces.join('')).toBe('One two three.');
  });

  test('an answer that comes out otherwise stands below what was shown', () => {
    const { pieces, accept, delta, snapshot } = startTurn();
    accept();
    delta('One two');
    snapshot('');
    delta('Uno');
    delta(' dos');
    expect(pieces.join('')).toBe('One two\n\nUno dos');
  });

  test('a snapshot with the end ends it, with the whole answer', async () => {
    const { turn, pieces, accept, delta, snapshot } = startTurn();
    accept();
    delta('One');
    snapshot('One two three.', END);
    expect(pieces.join('')).toBe('One two three.');
    expect((await turn.ended).finish).toBe('stop');
  });

  test.for<[string, (id: string) => ServerFrame]>([
    ['about its id', (id) => ({ type: 'error', id, error: ERROR })],
    ['about nothing', () => ({ type: 'error', error: ERROR })],
  ])('an error %s ends it', async ([, frame]) => {
    const { turn } = startTurn();
    turn.receive(frame(turn.ask.id));
    await expect(turn.ended).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  test('an error about another question, or about a cancel, does not end it', async () => {
    const { turn, accept } = startTurn();
    accept();
    turn.receive({ type: 'error', id: 'other', error: ERROR });
    turn.receive({ type: 'error', turn: 't1', error: ERROR });
    turn.receive({ type: 'answer-end', turn: 't1', ...END, seq: 2 });
    await expect(turn.ended).resolves.toMatchObject({ finish: 'stop' });
  });

  test('answer-error ends it with the code', async () => {
    const { turn, accept } = startTurn();
    accept();
    turn.receive({ type: 'answer-error', turn: 't1', error: ERROR, seq: 2 });
    await expect(turn.ended).rejects.toMatchObject({ code: 'OVERLOADED', isRetryable: true });
  });
});
