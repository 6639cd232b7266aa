import { describe, expect, test } from 'vitest';
import type { Breach } from '#src/cli/chaos/session-account.ts';
import { SessionAccount } from '#src/cli/chaos/session-account.ts';
import type { LoggedFrame, ServerFrame, SnapshotTurn } from '#src/client/api.ts';

type Fields = { readonly [Field in 'turn' | 'text' | 'answer' | 'from']?: string | number };

function frame(type: LoggedFrame['type'], seq: number, fields: Fields = {}): ServerFrame {
  return { type, turn: 't', id: 'q', question: '?', seq, ...fields } as unknown as ServerFrame;
}

function ready(lastSeq: number, isResumed: boolean): ServerFrame {
  return { type: 'ready', session: 's', last_seq: lastSeq, resumed: isResumed };
}

function snapshot(turn: Partial<SnapshotTurn>): ServerFrame {
  return { type: 'snapshot', turns: [{ id: 'q', turn: 't', question: '?', state: 'running', text: '', sources: [], ...turn }] };
}

const WHOLE_TURN = [
  frame('accepted', 1),
  frame('sources', 2),
  frame('answer-start', 3),
  frame('answer-delta', 4, { text: 'one ' }),
  frame('answer-delta', 5, { text: 'two' }),
  frame('answer-end', 6, { answer: 'one two' }),
];

/** An account of a new session that has received frames on its first connection. */
function open(frames: readonly ServerFrame[]): { account: SessionAccount; breaches: Breach[]; receive(more: readonly ServerFrame[]): void } {
  const breaches: Breach[] = [];
  const account = new SessionAccount((breach) => breaches.push(breach));
  const receive = (more: readonly ServerFrame[]): void => {
    for (const each of more) account.receive(each, 0);
  };
  account.opening(true, undefined);
  receive([ready(0, false), ...frames]);
  return { account, breaches, receive };
}

function faults(breaches: readonly Breach[]): readonly (readonly [string, number])[] {
  return breaches.map(({ fault, count }) => [fault, count]);
}

describe('the account of a session', () => {
  test('finds nothing wrong with a whole turn', () => {
    const { account, breaches } = open(WHOLE_TURN);
    expect([breaches, account.frames, account.session]).toEqual([[], 6, 's']);
    expect([...account.turns.values()]).toMatchObject([{ turn: 't', id: 'q', text: 'one two', ends: 1 }]);
  });

  test('counts the frames that the numbers jump over, the first of a new session among them', () => {
    expect(faults(open(WHOLE_TURN.slice(0, 2).concat(WHOLE_TURN.slice(4))).breaches)).toEqual([
      ['lost', 2],
      ['wrong-text', 1],
    ]);
    expect(faults(open(WHOLE_TURN.slice(1, 2)).breaches)).toEqual([
      ['lost', 1],
      ['out-of-order', 1],
    ]);
  });

  test('counts frames that come again, and takes nothing from them', () => {
    const { account, breaches } = open(WHOLE_TURN.flatMap((each) => (each === WHOLE_TURN[3] ? [each, each] : [each])));
    expect(faults(breaches)).toEqual([['repeated', 1]]);
    expect(account.turns.get('t')?.text).toBe('one two');
  });

  test('goes on behind `after` on the next connection', () => {
    const { account, breaches, receive } = open(WHOLE_TURN.slice(0, 4));
    account.opening(false, 4);
    receive([ready(6, true), ...WHOLE_TURN.slice(4)]);
    expect(breaches).toEqual([]);
    account.opening(false, 6);
    receive([ready(6, true), frame('accepted', 8, { turn: 'u' })]);
    expect(faults(breaches)).toEqual([['lost', 1]]);
  });

  test('takes a delta that stands for several, and finds the part of it that was there before', () => {
    const joined = frame('answer-delta', 5, { from: 4, text: 'one two' });
    const { account, breaches, receive } = open(WHOLE_TURN.slice(0, 3));
    account.opening(false, 3);
    receive([ready(6, true), joined, ...WHOLE_TURN.slice(5)]);
    expect(breaches).toEqual([]);
    const other = open(WHOLE_TURN.slice(0, 4));
    other.receive([joined]);
    expect(faults(other.breaches)).toEqual([['repeated', 1]]);
  });

  test('lets a question that was sent twice be answered with its first acceptance, once', () => {
    const { account, breaches, receive } = open([]);
    account.asking('q');
    account.asking('q');
    receive([...WHOLE_TURN.slice(0, 3), frame('accepted', 1), ...WHOLE_TURN.slice(3)]);
    expect(breaches).toEqual([]);
    receive([frame('accepted', 1)]);
    expect(faults(breaches)).toEqual([['repeated', 1]]);
  });

  test('goes on from a snapshot: its text and the deltas behind it make the answer', () => {
    const { account, breaches, receive } = open(WHOLE_TURN.slice(0, 4));
    account.opening(false, 4);
    receive([ready(1000, false), snapshot({ text: 'one' }), frame('answer-delta', 1001, { text: ' two' }), frame('answer-end', 1002, { answer: 'one two' })]);
    expect([breaches, account.snapshots]).toEqual([[], 1]);
  });

  test('begins anew with a turn that is accepted anew in a log that was lost', () => {
    const { account, breaches, receive } = open(WHOLE_TURN.slice(0, 4));
    account.opening(false, 4);
    const later = WHOLE_TURN.map((each) => ({ ...each, seq: 1000 + ('seq' in each ? each.seq : 0) }) as ServerFrame);
    receive([ready(1000, false), snapshot({}), ...later]);
    expect(breaches).toEqual([]);
  });

  test('counts numbers anew behind a snapshot that nobody had announced', () => {
    const { breaches, receive } = open(WHOLE_TURN.slice(0, 4));
    receive([snapshot({ text: 'one ' }), frame('answer-delta', 900, { text: 'two' }), frame('answer-end', 901, { answer: 'one two' })]);
    expect(breaches).toEqual([]);
  });

  test.for([
    ['told twice', [frame('answer-error', 7)]],
    ['shown in a snapshot and told again', [snapshot({ state: 'answered', text: 'one two', end: {} as SnapshotTurn['end'] & object }), frame('answer-end', 900, { answer: 'one two' })]],
  ] as const)('finds the second end of a turn, %s', ([, more]) => {
    const { breaches, receive } = open(WHOLE_TURN);
    receive(more);
    expect(faults(breaches)).toEqual([['two-ends', 1]]);
  });

  test('knows the end of a turn that only a snapshot told', () => {
    const { account, breaches, receive } = open(WHOLE_TURN.slice(0, 4));
    account.opening(false, 4);
    receive([ready(1000, false), snapshot({ state: 'answered', text: 'one two', end: {} as SnapshotTurn['end'] & object })]);
    expect([breaches, account.turns.get('t')?.ends]).toEqual([[], 1]);
  });

  test('finds a delta behind the end, and a frame before the acceptance', () => {
    const { breaches, receive } = open(WHOLE_TURN);
    receive([frame('answer-delta', 7, { text: 'three' }), frame('answer-start', 8, { turn: 'u' })]);
    expect(faults(breaches)).toEqual([
      ['out-of-order', 1],
      ['out-of-order', 1],
    ]);
  });
});
