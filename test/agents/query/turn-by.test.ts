import { expect, test } from 'vitest';
import type { LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { model, plays, RAW, run, says } from './scripted-answers.ts';

/** Runs the models and notes until when each was to be waited for. */
async function turnsBy(models: readonly (LanguageModel & { readonly requests: unknown[] })[], rounds = 1): Promise<readonly (readonly [model: string, turnByMs: number])[]> {
  const noted: [string, number][] = [];
  const { written } = run(models, {
    rounds,
    stream: (each, request, signal, turnByMs) => {
      noted.push([each.id, turnByMs]);
      return each.stream(request, signal);
    },
  });
  await written;
  return noted;
}

const down = plays(new ProviderError('unavailable', 'test', 'down'));

test('a model that has another behind it is waited for a moment, the last one as long as there is time', async () => {
  expect(await turnsBy([model('a', down), model('b', down), model('c', says(RAW))])).toEqual([['test:a', 1000], ['test:b', 1000], ['test:c', 29_000]]);
});

test('a model is the last one when those behind it will not answer', async () => {
  const locked = model('b', plays(new ProviderError('auth', 'test', 'locked')));
  expect(await turnsBy([model('a', down, says(RAW)), locked], 2)).toEqual([['test:a', 1000], ['test:b', 29_000], ['test:a', 29_000]]);
});
