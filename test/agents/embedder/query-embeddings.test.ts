import { describe, expect, test } from 'vitest';
import { embedQuery, QUERY_EMBEDDINGS, queryEmbeddingsAgent } from '#agents/embedder/embedder.agent.ts';
import { FUSES } from '#agents/fuse/fuse.agent.ts';
import { GOVERNORS } from '#agents/governor/governor.agent.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';
import { MemoryModel, untilAborted } from './memory-vectors.ts';

interface Asking {
  readonly kernel: Kernel;
  readonly clock: SimulatedClock;
  readonly model: MemoryModel;
  ask(text: string, options?: { signal?: AbortSignal; deadlineMs?: number }): Promise<Float32Array>;
}

const FUSE = { maxMelts: 1000, windowMs: 10_000, refreshMs: 60_000 };

async function start(maxEntries = 100): Promise<Asking> {
  const clock = new SimulatedClock();
  const model = new MemoryModel();
  const { kernel } = await startTree(
    (made) => [
      { id: 'fuses', name: FUSES, type: 'supervisor', start: dynamicSupervisor({ intensity: 100, periodMs: 1000 }) },
      { id: 'governors', name: GOVERNORS, type: 'supervisor', start: dynamicSupervisor({ intensity: 100, periodMs: 1000 }) },
      { id: 'questions', name: QUERY_EMBEDDINGS, start: queryEmbeddingsAgent({ guards: { kernel: made, fuse: FUSE, random: () => 0.5 }, model, maxEntries }) },
    ],
    { clock },
  );
  const ask: Asking['ask'] = (text, { signal = new AbortController().signal, deadlineMs = clock.now() + 2000 } = {}) =>
    embedQuery(kernel, text, { signal, deadlineMs });
  return { kernel, clock, model, ask };
}

/** Holds the model's calls until it is let go. */
function hold(model: MemoryModel): PromiseWithResolvers<void> {
  const held = Promise.withResolvers<void>();
  model.onCall = (_, signal) => Promise.race([held.promise, untilAborted(model.account, signal)]);
  return held;
}

const reason = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(() => 'nothing', (caught: unknown) => caught);
  return error instanceof ProviderError ? error.failure : String(error);
};

describe('the embedding of a question', () => {
  test('is asked for as a question, and once for texts that are the same after NFC and trimming', async () => {
    const { ask, model } = await start();
    const first = await ask(' caf\u00e9 ');
    expect(await ask('cafe\u0301')).toBe(first);
    await ask('Café');
    expect(model.calls.map(({ texts, purpose }) => [texts[0], purpose])).toEqual([['caf\u00e9', 'query'], ['Café', 'query']]);
  });

  test('is kept while there is room, the one that was not asked for longest goes', async () => {
    const { ask, model } = await start(2);
    for (const text of ['one', 'two', 'one', 'three', 'one', 'two']) await ask(text);
    expect(model.calls.map(({ texts }) => texts[0])).toEqual(['one', 'two', 'three', 'two']);
  });

  test('is asked for each time where none are to be kept', async () => {
    const { ask, model } = await start(0);
    await ask('one');
    await ask('one');
    expect(model.calls).toHaveLength(2);
  });

  test('is one call for two who ask at the same time, and one that leaves does not take the other along', async () => {
    const { ask, model } = await start();
    const held = hold(model);
    const controller = new AbortController();
    const leaving = ask('shared', { signal: controller.signal });
    const staying = ask('shared');
    await settled();
    controller.abort();
    expect(await reason(leaving)).toBe('aborted');
    held.resolve();
    expect(await staying).toHaveLength(64);
    expect(model.calls).toHaveLength(1);
  });

  test('is given up when nobody waits for it any more, and asked for anew by the next', async () => {
    const { ask, model } = await start();
    const held = hold(model);
    const controllers = [new AbortController(), new AbortController()];
    const leaving = controllers.map(({ signal }) => ask('left', { signal }));
    await settled();
    controllers.forEach((controller) => controller.abort());
    expect(await Promise.all(leaving.map(reason))).toEqual(['aborted', 'aborted']);
    expect(model.calls.map(({ signal }) => signal.aborted)).toEqual([true]);
    held.resolve();
    expect(await ask('left')).toHaveLength(64);
    expect(model.calls).toHaveLength(2);
  });

  test('comes by its deadline or not at all; who waits longer still gets it', async () => {
    const { ask, model, clock } = await start();
    const held = hold(model);
    const short = reason(ask('slow', { deadlineMs: 500 }));
    const long = ask('slow', { deadlineMs: 5000 });
    await clock.advance(501);
    expect(await short).toBe('timeout');
    held.resolve();
    expect(await long).toHaveLength(64);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is tried again while its deadline allows it; a failure is not kept', async () => {
    const { ask, model, clock } = await start();
    let faults = 2;
    model.onCall = () => {
      faults -= 1;
      if (faults >= 0) throw new ProviderError('unavailable', model.account, 'down');
    };
    const asked = ask('again');
    await clock.advance(1000);
    expect(await asked).toHaveLength(64);
    model.onCall = () => Promise.reject(new ProviderError('auth', model.account, 'no'));
    expect(await reason(ask('refused'))).toBe('auth');
    model.onCall = () => undefined;
  });

  test('ends as unavailable for all who wait when its actor is killed, and the next incarnation answers', async () => {
    const { ask, model, kernel } = await start();
    const held = hold(model);
    const waiting = [reason(ask('killed')), reason(ask('killed'))];
    await settled();
    kernel.kill(QUERY_EMBEDDINGS);
    expect(await Promise.all(waiting)).toEqual(['unavailable', 'unavailable']);
    held.resolve();
    await kernel.whenUp(QUERY_EMBEDDINGS, 1000);
    expect(await ask('killed')).toHaveLength(64);
  });

  test('is refused while its actor is down', async () => {
    const { kernel } = await startTree(() => []);
    const ask = { signal: new AbortController().signal, deadlineMs: 1000 };
    await expect(embedQuery(kernel, 'nobody', ask)).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
  });
});
