import { expect, onTestFinished, test } from 'vitest';
import { orAborted } from '#agents/governor/governor.agent.ts';
import { settled } from '../../support/simulated-clock.ts';

test('what fails after its call was given up is nobody’s any more', async () => {
  const stray: unknown[] = [];
  const note = (error: unknown): void => void stray.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  await expect(orAborted('account', AbortSignal.abort(), Promise.reject(new Error('late')))).rejects.toMatchObject({ failure: 'aborted' });
  await settled();
  expect(stray).toEqual([]);
});
