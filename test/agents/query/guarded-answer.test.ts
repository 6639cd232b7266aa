import { expect, test } from 'vitest';
import { streamProvider } from '#agents/governor/governor.agent.ts';
import { settled } from '../../support/simulated-clock.ts';
import { callBy, startGuards } from '../governor/guards.ts';
import { model, RAW, run, says, stalls, TEXT } from './scripted-answers.ts';

/** Runs the models behind fuses and governors. */
async function guarded(...models: ReturnType<typeof model>[]) {
  const { guards, clock, reports } = await startGuards();
  const started = run(models, { clock, stream: (each, request, signal) => streamProvider(guards, callBy({ account: each.account, signal }), (inner) => each.stream(request, inner)) });
  return { ...started, clock, outcomes: () => reports.map(({ account, outcome }) => `${account} ${outcome}`) };
}

test('the guards are told that a stream has succeeded, stalled or broken off', async () => {
  const { clock, written, sent, outcomes } = await guarded(model('a', stalls('The BEAM')), model('b', says(RAW, { until: 30, failure: 'truncated' })), model('c', says(RAW)));
  await clock.advance(10_000);
  expect(await written).toMatchObject({ model: 'test:c', finish: 'stop' });
  await settled();
  expect(outcomes()).toEqual(['test/a timeout', 'test/b truncated', 'test/c ok']);
  expect(sent.text).toBe(TEXT);
});

test('an aborted answer counts for nothing, and gives its place back', async () => {
  const { stop, written, outcomes } = await guarded(model('a', stalls('The BEAM')));
  await settled();
  stop.abort();
  await expect(written).rejects.toMatchObject({ failure: 'aborted' });
  await settled();
  expect(outcomes()).toEqual(['test/a aborted']);
});
