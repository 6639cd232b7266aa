import { describe, expect, test } from 'vitest';
import { UnaskedSessions } from '#agents/session/unasked-sessions.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

describe('a session that was begun, never asked and left', () => {
  test('is known for its time, counted from its last departure', async () => {
    const clock = new SimulatedClock();
    const unasked = new UnaskedSessions(clock, 1000);
    unasked.add('a');
    await clock.advance(600);
    unasked.add('a');
    await clock.advance(999);
    expect([unasked.has('a'), unasked.has('b')]).toEqual([true, false]);
    await clock.advance(1);
    expect(unasked.has('a')).toBe(false);
  });

  test('is forgotten before its time when too many others were left after it', () => {
    const unasked = new UnaskedSessions(new SimulatedClock(), 1000);
    for (let count = 0; count <= 10_000; count += 1) unasked.add(`${count}`);
    expect([unasked.has('0'), unasked.has('1'), unasked.has('10000')]).toEqual([false, true, true]);
  });
});
