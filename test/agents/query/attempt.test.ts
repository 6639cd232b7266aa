import { describe, expect, test } from 'vitest';
import { attempt } from '#agents/query/attempt.ts';
import type { AnswerPart } from '#agents/query/attempt.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import type { ScriptedStream } from '../../support/scripted-model.ts';
import { REQUEST } from './scripted-answers.ts';

interface Started {
  readonly clock: SimulatedClock;
  readonly stop: AbortController;
  readonly stream: ScriptedStream;
  readonly parts: AnswerPart[];
  readonly over: ReturnType<typeof attempt>;
}

/** @param onPart called behind the first part */
async function start(endMs = 30_000, onPart: (stop: AbortController) => void = () => undefined): Promise<Started> {
  const clock = new SimulatedClock();
  const stop = new AbortController();
  const model = new ScriptedModel();
  const options = { clock, model: { account: 'test/a' }, deadlines: { firstTokenMs: 8000, idleMs: 10_000 }, endMs, signal: stop.signal };
  const parts: AnswerPart[] = [];
  const over = attempt(options, (signal) => model.stream(REQUEST, signal), (part) => {
    if (parts.push(part) === 1) onPart(stop);
  });
  over.catch(() => undefined);
  return { clock, stop, stream: await model.nth(0), parts, over };
}

describe('attempt', () => {
  test('gives every part, and answers with the end', async () => {
    const { stream, parts, over, clock } = await start();
    stream.say('One').say(' two').finish();
    expect(await over).toMatchObject({ type: 'end', finish: 'stop' });
    expect(parts).toEqual([{ type: 'text', text: 'One' }, { type: 'text', text: ' two' }]);
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

  test('a part that sets off the abort is the last', async () => {
    const { stream, over, parts, clock } = await start(30_000, (stop) => stop.abort());
    stream.say('One').say(' two').finish();
    await expect(over).rejects.toMatchObject({ failure: 'aborted' });
    await settled();
    expect([parts.length, stream.signal.aborted, clock.pendingTimers]).toEqual([1, true, 0]);
  });

  test('a reader that fails ends the stream', async () => {
    const { stream, over, parts, clock } = await start(30_000, () => {
      throw new RangeError('cannot be read');
    });
    stream.say('One').say(' two').finish();
    await expect(over).rejects.toThrow('cannot be read');
    await settled();
    expect([parts.length, stream.signal.aborted, clock.pendingTimers]).toEqual([1, true, 0]);
  });
});
