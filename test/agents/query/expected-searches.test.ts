import { describe, expect, test } from 'vitest';
import { ExpectedSearches } from '#agents/query/expected-searches.ts';
import type { Searches } from '#agents/query/searches.ts';
import type { Stage } from '#src/ports/frame.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';

const NEVER = new AbortController().signal;
const FOUND: Searches = {
  words: Promise.resolve({ value: { sources: [], terms: ['alpha'], statistics: { chunkCount: 1, documentFrequency: {} } } }),
  similar: Promise.resolve({ value: [] }),
};

interface Begun {
  readonly signal: AbortSignal;
  readonly show: (stage: Stage) => void;
}

function start(searches: Searches = FOUND): { expected: ExpectedSearches; clock: SimulatedClock; begun: Begun[]; begin: (key: string, signal?: AbortSignal) => void } {
  const clock = new SimulatedClock();
  const expected = new ExpectedSearches(clock, 1000);
  const begun: Begun[] = [];
  const begin = (key: string, signal = NEVER): void =>
    expected.begin(key, signal, (inner, show) => {
      begun.push({ signal: inner, show });
      return searches;
    });
  return { expected, clock, begun, begin };
}

describe('searches that are expected', () => {
  test('are begun once for each key, at once', () => {
    const { begin, begun } = start();
    for (const key of ['a', 'a', 'b']) begin(key);
    expect(begun).toHaveLength(2);
  });

  test('are taken once, by who opens the question', () => {
    const { expected, begin, clock } = start();
    begin('a');
    expect(expected.take('b', NEVER, () => undefined)).toBeUndefined();
    expect(expected.take('a', NEVER, () => undefined)).toBe(FOUND);
    expect(expected.take('a', NEVER, () => undefined)).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  test('end with the signal of who took them, and no more with that of who expected them', () => {
    const { expected, begin, begun } = start();
    const [expecting, taking] = [new AbortController(), new AbortController()];
    begin('a', expecting.signal);
    expected.take('a', taking.signal, () => undefined);
    expecting.abort();
    expect(begun[0]?.signal.aborted).toBe(false);
    taking.abort('no longer wanted');
    expect(begun[0]?.signal.reason).toBe('no longer wanted');
  });

  test('that are taken by somebody who is gone already end at once', () => {
    const { expected, begin, begun } = start();
    begin('a');
    expected.take('a', AbortSignal.abort(), () => undefined);
    expect(begun[0]?.signal.aborted).toBe(true);
  });

  test('are given up when they are not expected any more, and may then be begun anew', () => {
    const { expected, begin, begun, clock } = start();
    const expecting = new AbortController();
    begin('a', expecting.signal);
    expecting.abort();
    expect(begun[0]?.signal.aborted).toBe(true);
    expect(expected.take('a', NEVER, () => undefined)).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
    begin('a');
    expect(begun.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  });

  test('are given up when nobody comes in time', async () => {
    const { begin, begun, clock } = start();
    begin('a');
    await clock.advance(999);
    expect(begun[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(begun[0]?.signal.aborted).toBe(true);
  });

  test('are not begun for who does not expect them any more', () => {
    const { begin, begun } = start();
    begin('a', AbortSignal.abort());
    expect(begun).toEqual([]);
  });

  test.each([0, 1, 2])('show who takes them every stage in order, also the %i that they have reached', (reached) => {
    const { expected, begin, begun } = start();
    begin('a');
    const [all, stages]: [Stage[], Stage[]] = [['embedding', 'retrieving'], []];
    for (const stage of all.slice(0, reached)) begun[0]?.show(stage);
    expected.take('a', NEVER, (stage) => stages.push(stage));
    for (const stage of all.slice(reached)) begun[0]?.show(stage);
    expect(stages).toEqual(all);
  });

  test('tell their failures to who takes them, and to nobody else', async () => {
    const down = { error: new ProviderError('unavailable', 'test/index', 'is down') };
    const fault = Promise.reject<never>(new TypeError('a fault'));
    const { expected, begin } = start({ words: fault, similar: Promise.resolve(down) });
    begin('a');
    await settled();
    const taken = expected.take('a', NEVER, () => undefined);
    expect(await taken?.similar).toBe(down);
    await expect(taken?.words).rejects.toThrow('a fault');
  });
});
