import { describe, expect, test } from 'vitest';
import { changeModels, currentModels, MODELS, modelsAgent, whenModels } from '#agents/models/models.agent.ts';
import type { ModelChoice } from '#agents/models/models.agent.ts';
import type { Candidate } from '#agents/query/query.agent.ts';
import { configInvalid } from '#config/fault.ts';
import { ServiceError } from '#src/errors.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';
import { model, PROFILE } from '../query/scripted-answers.ts';

const SETTINGS = { models: ['test:a', 'test:b'], temperature: 0.3 };
const EXTRACTIVE = { ...model('quotes'), id: 'extractive:quotes' };

/** Settings that can be read when the store is up. */
class Settings {
  readonly #values = new Map<string, string>();
  isUp = true;

  readSetting(name: string): Promise<string | undefined> {
    return this.#whenUp(() => this.#values.get(name));
  }

  writeSetting(name: string, value: string): Promise<void> {
    return this.#whenUp(() => void this.#values.set(name, value));
  }

  async #whenUp<T>(read: () => T): Promise<T> {
    await Promise.resolve();
    if (!this.isUp) throw new ServiceError('STORE_UNAVAILABLE', 'the store is down');
    return read();
  }
}

interface Started {
  readonly kernel: Kernel;
  readonly clock: SimulatedClock;
  readonly store: Settings;
  readonly unusable: unknown[];
  readonly state: () => string | undefined;
}

/** Every model is there but `test:keyless`. */
function routesOf(id: string): readonly Candidate[] {
  if (id === 'test:keyless') throw configInvalid([{ line: `${id} needs THE_KEY`, detail: { field: 'THE_KEY', expected: 'a key' } }]);
  return [1, 2].map((key) => ({ model: { ...model(id), id, account: `${id}/key-${key}` }, profile: PROFILE }));
}

async function startModels(store = new Settings()): Promise<Started> {
  const clock = new SimulatedClock();
  const unusable: unknown[] = [];
  const options = { settings: SETTINGS, routesOf, extractive: EXTRACTIVE, store, onUnusable: (error: unknown) => void unusable.push(error) };
  const { kernel } = await startTree(() => [{ id: 'models', name: MODELS, start: modelsAgent(options) }], { clock });
  await settled();
  return { kernel, clock, store, unusable, state: () => kernel.tree()?.children[0]?.state };
}

function chosen(kernel: Kernel): ModelChoice | undefined {
  return currentModels(kernel)?.choice;
}

/** Starts again while the store is down, with a choice in it. */
async function startBehindAnOutage(): Promise<Started & { readonly choice: ModelChoice }> {
  const { kernel, store } = await startModels();
  const choice = await changeModels(kernel, store, { models: ['test:c'] });
  store.isUp = false;
  return { ...(await startModels(store)), choice };
}

describe('the models that answer are', () => {
  test('those of the settings where nobody chose others, each by all its routes, the extractive one last', async () => {
    const { kernel, state } = await startModels();
    const models = await whenModels(kernel);
    expect(models.choice).toEqual({ ...SETTINGS, source: 'settings', changedAt: null });
    expect(models.candidates().map(({ model: { account } }) => account)).toEqual(['test:a/key-1', 'test:a/key-2', 'test:b/key-1', 'test:b/key-2']);
    expect([models.ids, state()]).toEqual([['test:a', 'test:b', 'extractive:quotes'], 'asSet']);
  });

  test('the one that is asked for first, then the others', async () => {
    const { kernel } = await startModels();
    const models = await whenModels(kernel);
    expect(models.candidates('test:b').map(({ model: { id } }) => id)).toEqual(['test:b', 'test:b', 'test:a', 'test:a']);
    expect(models.candidates('extractive:quotes')[0]?.model).toBe(EXTRACTIVE);
    expect(models.first('test:b')).toBe('test:b');
  });

  test('those that an operator chose, with the time, and what was left out stays', async () => {
    const { kernel, clock, store, state } = await startModels();
    await changeModels(kernel, store, { models: ['test:c'] });
    expect(chosen(kernel)).toEqual({ models: ['test:c'], temperature: 0.3, source: 'operator', changedAt: clock.wallTime() });
    await changeModels(kernel, store, { temperature: 1 });
    expect(chosen(kernel)).toMatchObject({ models: ['test:c'], temperature: 1 });
    expect(state()).toBe('chosen');
  });

  test('still those as soon as their process is up again, even when the store is down', async () => {
    const { kernel, store } = await startModels();
    const choice = await changeModels(kernel, store, { models: ['test:c'] });
    store.isUp = false;
    kernel.kill(MODELS);
    expect((await whenModels(kernel)).choice).toEqual(choice);
  });
});

describe('a change that fails leaves everything as it was:', () => {
  test('a model that cannot be used', async () => {
    const { kernel, store, state } = await startModels();
    const before = chosen(kernel);
    await expect(changeModels(kernel, store, { models: ['test:b', 'test:keyless'] })).rejects.toMatchObject({ code: 'INVALID_REQUEST', details: [{ field: 'THE_KEY' }] });
    expect([chosen(kernel), state(), await store.readSetting('models')]).toEqual([before, 'asSet', undefined]);
  });

  test('a store that is down', async () => {
    const { kernel, store, state } = await startModels();
    const before = chosen(kernel);
    store.isUp = false;
    await expect(changeModels(kernel, store, { models: ['test:c'] })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect([chosen(kernel), state()]).toEqual([before, 'asSet']);
  });
});

test('of two changes at once the one that could not be kept leaves the other alone', async () => {
  const { kernel, store } = await startModels();
  const writeSetting = store.writeSetting.bind(store);
  const failsOnce = { readSetting: store.readSetting.bind(store), writeSetting: (name: string, value: string) => (value.includes('test:c') ? Promise.reject(new ServiceError('STORE_FULL', 'no room')) : writeSetting(name, value)) };
  const changes = await Promise.allSettled([changeModels(kernel, failsOnce, { models: ['test:c'] }), changeModels(kernel, failsOnce, { models: ['test:d'] })]);
  expect(changes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(chosen(kernel)).toMatchObject({ models: ['test:d'] });
});

describe('while the store does not tell what an operator chose', () => {
  test('the settings answer; it is asked again until it tells', async () => {
    const { kernel, clock, store, state, choice } = await startBehindAnOutage();
    expect(chosen(kernel)).toMatchObject({ ...SETTINGS, source: 'settings' });
    await clock.advance(5000);
    store.isUp = true;
    await clock.advance(1000);
    expect([chosen(kernel), state()]).toEqual([choice, 'chosen']);
  });

  test('a change is refused, so that it cannot be made on top of what is not known', async () => {
    const { kernel, clock, store, choice } = await startBehindAnOutage();
    store.isUp = true;
    await expect(changeModels(kernel, store, { temperature: 1 })).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
    await clock.advance(1000);
    expect(chosen(kernel)).toEqual(choice);
    await changeModels(kernel, store, { temperature: 1 });
    expect(chosen(kernel)).toMatchObject({ models: ['test:c'], temperature: 1 });
  });
});

test('a choice whose key is gone is told, and those of the settings answer', async () => {
  const { store } = await startModels();
  await store.writeSetting('models', JSON.stringify({ models: ['test:keyless'], temperature: 1, source: 'operator', changedAt: 1 } satisfies ModelChoice));
  const { kernel, unusable, state } = await startModels(store);
  expect([chosen(kernel), state()]).toEqual([{ ...SETTINGS, source: 'settings', changedAt: null }, 'asSet']);
  expect(unusable).toMatchObject([{ code: 'CONFIG_INVALID' }]);
});

test('a stored choice that makes no sense is told, and those of the settings answer', async () => {
  const store = new Settings();
  for (const nonsense of ['{', '{}', '{"models":"test:a"}']) {
    await store.writeSetting('models', nonsense);
    const { kernel, unusable } = await startModels(store);
    expect([nonsense, chosen(kernel)?.source, unusable.length]).toEqual([nonsense, 'settings', 1]);
  }
});
