import { describe, expect, test } from 'vitest';
import { attempt } from '#agents/query/attempt.ts';
import type { GenerationPart } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import type { ScriptedStream } from '../../support/scripted-model.ts';
import { REQUEST } from './scripted-answers.ts';

interface Started {
  readonly clock: SimulatedClock;
  readonly stop: AbortController;
  readonly stream: ScriptedStream;
  readonly parts: GenerationPart[];
  readonly over: Promise<void>;
}

async function start(endMs = 30_000): Promise<Started> {
  const clock = new SimulatedClock();
  const stop = new AbortController();
  const model = new ScriptedModel();
  const options = { clock, model: { account: 'test/a' }, deadlines: { firstTokenMs: 8000, idleMs: 10_000 }, endMs, signal: stop.signal };
  const parts: GenerationPart[] = [];
  const over = (async () => {
    for await (const part of attempt(options, (signal) => model.stream(REQUEST, signal))) parts.push(part);
  })();
  over.catch(() => undefined);
  return { clock, stop, stream: await model.nth(0), parts, over };
}

describe('attempt', () => {
  test('gives every part to the end', async () => {
    const { stream, parts, over, clock } = await start();
    stream.say('One').say(' two').finish();
    await over;
    expect(parts.map(({ type }) => type)).toEqual(['text', 'text', 'end']);
    expect([stream.signal.aborted, clock.pendingTimers]).toEqual([false, 0]);
  });

  test('a stream without an end is truncated', async () => {
    const { stream, over, clock } = await start();
    stream.say('One').cut();
    await expect(over).rejects.toMatchObject({ failure: 'truncated', account: 'test/a' });
    expect([stream.signal.aborted, clock.pendingTimers]).toEqual([true, 0]);
  });

  test('a failure of the stream is its failure', async () => {
    const { stream, over, clock } = await start();
    const error = new ProviderError('rate_limited', 'test/a', 'too many');
    stream.fail(error);
    await expect(over).rejects.toBe(error);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a stream without a first token in time is aborted, with the failure as the reason', async () => {
    const { clock, stream, over } = await start();
    await clock.advance(7999);
    expect(stream.signal.aborted).toBe(false);
    await clock.advance(1);
    await expect(over).rejects.toMatchObject({ failure: 'timeout', message: 'test/a: no token within 8000ms' });
    expect(stream.signal.reason).toMatchObject({ failure: 'timeout' });
  });

  test('a reader that is busy when the stream is stopped hears of it at its next part', async () => {
    const clock = new SimulatedClock();
    const model = new ScriptedModel();
    const options = { clock, model: { account: 'test/a' }, deadlines: { firstTokenMs: 8000, idleMs: 10_000 }, endMs: 30_000, signal: new AbortController().signal };
    const parts = attempt(options, (signal) => model.stream(REQUEST, signal));
    const first = parts.next();
    (await model.nth(0)).say('One');
    await first;
    await clock.advance(10_000);
    await expect(parts.next()).rejects.toMatchObject({ message: 'test/a: no token for 10000ms' });
  });

  test('a stream that goes silent is aborted the idle time after its last token', async () => {
    const { clock, stream, over } = await start();
    for (let token = 0; token < 2; token += 1) {
      await clock.advance(7000);
      stream.say('word ');
    }
    await clock.advance(9999);
    expect(stream.signal.aborted).toBe(false);
    await clock.advance(1);
    await expect(over).rejects.toMatchObject({ message: 'test/a: no token for 10000ms' });
  });

  test('a stream that is not over in time is aborted, however much it says', async () => {
    const { clock, stream, over } = await start(9000);
    for (let token = 0; token < 9; token += 1) {
      stream.say('word ');
      await clock.advance(1000);
    }
    await expect(over).rejects.toMatchObject({ failure: 'timeout', message: 'test/a: not over in time' });
  });

  test('an abort ends it at once', async () => {
    const { stop, stream, over, clock } = await start();
    stream.say('One');
    await settled();
    stop.abort();
    await expect(over).rejects.toMatchObject({ failure: 'aborted' });
    expect([stream.signal.aborted, clock.pendingTimers]).toEqual([true, 0]);
  });

  test('a loop that is left aborts the stream', async () => {
    const clock = new SimulatedClock();
    const model = new ScriptedModel();
    const { signal } = new AbortController();
    const options = { clock, model: { account: 'test/a' }, deadlines: { firstTokenMs: 1, idleMs: 1 }, endMs: 9, signal };
    const parts = attempt(options, (inner) => model.stream(REQUEST, inner));
    const first = parts.next();
    (await model.nth(0)).say('One');
    await first;
    await parts.return?.(undefined);
    expect([model.streams[0]?.signal.aborted, clock.pendingTimers]).toEqual([true, 0]);
  });
});
