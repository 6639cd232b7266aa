import { describe, expect, test } from 'vitest';
import { StreamWatchdog } from '#agents/query/stream-watchdog.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

const DEADLINES = { firstTokenMs: 8000, idleMs: 10_000 };

describe('StreamWatchdog', () => {
  test('a stream without a first token in time is aborted and says so', async () => {
    const clock = new SimulatedClock();
    const watchdog = new StreamWatchdog(clock, DEADLINES, new AbortController().signal);
    await clock.advance(7999);
    expect(watchdog.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(watchdog.signal.aborted).toBe(true);
    expect(watchdog.error).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: 'no token within 8000ms' });
  });

  test('a stream that goes silent is aborted the idle time after its last token', async () => {
    const clock = new SimulatedClock();
    const watchdog = new StreamWatchdog(clock, DEADLINES, new AbortController().signal);
    for (let token = 0; token < 5; token += 1) {
      await clock.advance(7000);
      watchdog.heard();
    }
    await clock.advance(9999);
    expect(watchdog.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(watchdog.error).toMatchObject({ message: 'no token for 10000ms' });
  });

  test('an abort from outside is passed on and is no fault of the stream', () => {
    const outer = new AbortController();
    const watchdog = new StreamWatchdog(new SimulatedClock(), DEADLINES, outer.signal);
    outer.abort();
    expect(watchdog.signal.aborted).toBe(true);
    expect(watchdog.error).toBeUndefined();
  });

  test('a stream that ended leaves no timer behind', () => {
    const clock = new SimulatedClock();
    new StreamWatchdog(clock, DEADLINES, new AbortController().signal).stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
