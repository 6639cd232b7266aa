import { describe, expect, test } from 'vitest';
import { FRAMES, framesAgent } from '#agents/frames/frames.agent.ts';
import { FUSES } from '#agents/fuse/fuse.agent.ts';
import { GOVERNORS } from '#agents/governor/governor.agent.ts';
import { Flight } from '#agents/query/flight.ts';
import type { Question } from '#agents/query/question.ts';
import type { Retrieved } from '#agents/query/retrieval.ts';
import { generate } from '#agents/query/steps.ts';
import type { Generated, Shortened } from '#agents/query/steps.ts';
import { memoryJournal } from '#src/adapters/frame-journal/memory.ts';
import { createExtractiveModel } from '#src/adapters/language-model/extractive.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';
import { askOf } from '../../support/sources.ts';
import { startTree } from '../../support/start-tree.ts';
import { model, PROFILE, says, stalls } from './scripted-answers.ts';

const SENTENCE = 'The BEAM is the virtual machine of Erlang.';
const EVIDENCE = askOf('What is the BEAM of Erlang?', SENTENCE, 'It runs 11 processes.', 'Every process that fails is restarted.');
const FOUND: Retrieved = { sources: EVIDENCE.sources, terms: EVIDENCE.terms, statistics: EVIDENCE.statistics, degraded: [] };

interface Started {
  readonly generated: Promise<Generated>;
  readonly flight: Flight;
  readonly shortened: Shortened[];
  readonly stop: AbortController;
}

interface Options {
  readonly found?: Partial<Retrieved>;
  readonly question?: Partial<Question>;
  readonly contextTokens?: number;
}

/** Lets the models answer in a tree with fuses, governors and a frame log, on simulated time. */
async function start(models: readonly LanguageModel[], { found, question, contextTokens = PROFILE.contextTokens }: Options = {}): Promise<Started> {
  const clock = new SimulatedClock();
  const supervisor = dynamicSupervisor();
  const { kernel } = await startTree(
    () => [
      { id: 'fuses', name: FUSES, type: 'supervisor', start: supervisor },
      { id: 'governors', name: GOVERNORS, type: 'supervisor', start: supervisor },
      { id: 'frames', name: FRAMES, start: framesAgent(memoryJournal({ maxBytes: 1e6, maxSessionBytes: 1e5 })) },
    ],
    { clock },
  );
  const shortened: Shortened[] = [];
  const dependencies = {
    guards: { kernel, fuse: { maxMelts: 5, windowMs: 10_000, refreshMs: 60_000 } },
    store: { tenant: 'default', knowledge: { collection: 'default', search: () => Promise.reject(new TypeError('is over')), sourcesOfVectors: () => Promise.resolve([]) } },
    rerankers: [],
    limits: { searchMs: 1, embeddingMs: 1, rerankMs: 1, attempts: 1 },
    deadlines: { firstTokenMs: 8000, idleMs: 10_000 },
    extractive: createExtractiveModel({ clock, rate: 0 }),
    maxOutputTokens: 100,
    onShortened: (each: Shortened) => void shortened.push(each),
  };
  const asked: Question = {
    text: EVIDENCE.question, options: {}, search: { question: EVIDENCE.question, limit: 5, language: 'en' }, keys: undefined,
    candidates: models.map((each) => ({ model: each, profile: { ...PROFILE, contextTokens } })),
    temperature: 0.7, owner: 'session-1', deadlineMs: 30_000, sentText: '', ...question,
  }; // prettier-ignore
  const flight = new Flight(() => undefined, asked);
  const stop = new AbortController();
  const generated = generate(dependencies, asked, flight, { found: { ...FOUND, ...found }, signal: stop.signal });
  generated.catch(() => undefined);
  return { generated, flight, shortened, stop };
}

const RAW = 'The BEAM is the virtual machine of Erlang [1].';

describe('what is asked of a model', () => {
  test('has the temperature, the limit, the evidence and the prompt of the question', async () => {
    const only = model('a', says(RAW));
    await (await start([only])).generated;
    expect(only.requests).toMatchObject([{ question: EVIDENCE.question, sources: EVIDENCE.sources, language: 'en', temperature: 0.7, maxOutputTokens: 100, evidence: { terms: EVIDENCE.terms } }]);
    expect(only.requests[0]?.prompt.map(({ role }) => role)).toEqual(['system', 'user']);
  });

  test('has no statistics where nothing was searched by words', async () => {
    const only = model('a', says(RAW));
    await (await start([only], { found: { statistics: undefined, terms: [] } })).generated;
    expect(only.requests[0]).not.toHaveProperty('evidence');
  });
});

describe('an answer', () => {
  test('of the first model is kept, with its citations', async () => {
    const { generated } = await start([model('a', says(RAW))]);
    expect(await generated).toMatchObject({
      answer: { answer: SENTENCE, citations: [{ source_id: 's1', start: 0, end: SENTENCE.length - 1 }], finish: 'stop', degraded: [], model: 'test:a' },
      isKept: true,
    });
  });

  test('of the first model by another key or region is kept: it is the same model', async () => {
    const [down, other] = [model('a', says('', { until: 0, failure: 'unavailable' })), { ...model('a', says(RAW)), account: 'test/other-key' }];
    const { generated } = await start([down, other]);
    expect(await generated).toMatchObject({ answer: { answer: SENTENCE, degraded: [], model: 'test:a' }, isKept: true });
  });

  test.for<[what: string, models: () => LanguageModel[], found: Partial<Retrieved>, degraded: string[]]>([
    ['of another model', () => [model('a', says('', { until: 0, failure: 'unavailable' })), model('b', says(RAW))], {}, []],
    ['whose end another model has written', () => [model('a', says(RAW, { until: 20, failure: 'truncated' })), model('b', says(RAW))], {}, []],
    ['of quotes for models that are gone', () => [model('a', says('', { until: 0, failure: 'auth' }))], {}, ['model']],
    ['on evidence that lacks a part', () => [model('a', says(RAW))], { degraded: ['vectors', 'reranker'] }, ['vectors', 'reranker']],
    ['that is refused', () => [model('a', says('The documents do not answer this.'))], {}, []],
    ['that was blocked', () => [model('a', says(RAW, { until: 20, failure: 'blocked' }))], {}, []],
  ])('%s is not kept', async ([, models, found, degraded]) => {
    const { generated } = await start(models(), { found });
    const { answer, isKept } = await generated;
    expect([answer.degraded, isKept]).toEqual([degraded, false]);
    expect(answer.answer).not.toBe('');
  });

  test('goes on from what a dead query had sent', async () => {
    const only = model('a', says(RAW));
    const { generated, flight } = await start([only], { question: { sentText: SENTENCE.slice(0, 20) } });
    expect((await generated).answer.answer).toBe(SENTENCE);
    expect(flight.text).toBe(SENTENCE);
  });

  test('that nobody wants any more ends as interrupted', async () => {
    const { generated, stop } = await start([model('a', stalls('The BEAM'))]);
    await settled();
    stop.abort();
    await expect(generated).rejects.toMatchObject({ code: 'TURN_INTERRUPTED' });
  });
});

describe('evidence that has no room', () => {
  const LONG = askOf('What is the BEAM of Erlang?', SENTENCE, ...[2, 3, 4].map((n) => `Part ${n} of the BEAM. `.repeat(100)));

  test('is told, and is no source of the answer', async () => {
    const { generated, shortened } = await start([model('a', says(RAW))], { found: { sources: LONG.sources }, contextTokens: 2048 });
    const { answer, isKept } = await generated;
    expect(answer.sources.length).toBeLessThan(4);
    expect(answer.sources).toEqual(LONG.sources.slice(0, answer.sources.length));
    expect(shortened).toEqual([{ model: 'test:a', found: 4, leftOut: 4 - answer.sources.length }]);
    expect(isKept).toBe(true);
  });

  test('stays a source where a model with more room has cited it', async () => {
    const raw = 'Part 4 of the BEAM is here [4]. The BEAM is the virtual machine of Erlang [1].';
    const wide = { model: model('a', says(raw, { until: 40, failure: 'truncated' })), profile: PROFILE };
    const narrow = { model: model('b', says(raw)), profile: { ...PROFILE, contextTokens: 1400 } };
    const { generated } = await start([], { found: { sources: LONG.sources }, question: { candidates: [wide, narrow] } });
    const { answer } = await generated;
    expect(answer.citations.map(({ source_id }) => source_id)).toEqual(['s4', 's1']);
    expect(answer.sources.map(({ id }) => id)).toEqual(['s1', 's2', 's4']);
  });
});
