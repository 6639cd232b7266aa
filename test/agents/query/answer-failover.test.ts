import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GenerationRequest } from '#src/ports/language-model.ts';
import { ANSWER_PROMPT, assemblePrompt } from '#src/rag/prompt.ts';
import { answerTokens } from '../../support/emulators/answers.ts';
import { sourcesOf } from '../../support/sources.ts';
import type { Play } from './scripted-answers.ts';
import { CITATIONS, model, plays, RAW, run, says, stalls, TEXT, textSoFar, USAGE } from './scripted-answers.ts';

describe('an answer that breaks off in the middle goes on with the next model', () => {
  const manners: [string, (soFar: string) => string][] = [
    ['exactly', () => ''],
    ['with the last word again', (soFar) => /\S*$/.exec(soFar)?.[0] ?? ''],
    ['with the last three words again', (soFar) => /(?:\S+\s*){0,3}$/.exec(soFar)?.[0] ?? ''],
    ['from the beginning', (soFar) => soFar],
  ];
  const positions = Array.from({ length: RAW.length + 1 }, (_, position) => position);

  test.each(manners)('at every position, twice: %s', async (_, restated) => {
    for (const first of positions) {
      for (const second of [first, first + 7]) {
        const chain = [
          model('a', says(RAW, { until: first })),
          model('b', says(RAW, { until: second, restated, pieceLength: 1 + (first % 5) })),
          model('c', says(RAW, { restated, pieceLength: 1 + (second % 7) })),
        ];
        const { sent, written } = run(chain);
        const { finish, attempts, isFallback } = await written;
        expect({ first, second, text: sent.text }).toEqual({ first, second, text: TEXT });
        expect([finish, attempts.length, isFallback]).toEqual(['stop', 3, first < RAW.length]);
        expect(sent.stages.length).toBeLessThanOrEqual(2);
        expect(new Set(sent.stages).size).toBeLessThanOrEqual(1);
      }
    }
  });

  test('whatever its pieces and cuts are', async () => {
    const cuts = fc.array(fc.nat(RAW.length), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 1, max: 20 }), fc.nat(3), async (until, pieceLength, manner) => {
        const restated = manners[manner]?.[1] ?? (() => '');
        const chain = until.map((each, index) => model(String(index), says(RAW, { until: each, pieceLength, restated })));
        const { sent, written } = run([...chain, model('last', says(RAW, { pieceLength, restated }))]);
        expect(await written).toMatchObject({ finish: 'stop', degraded: [] });
        expect(sent.text).toBe(TEXT);
        expect(sent.citations).toEqual(CITATIONS);
      }),
      { numRuns: 300 },
    );
  });

  test('by a prefill where that is taken, without white space at its end', async () => {
    const next = model('b', says(RAW));
    const { sent, written } = run([model('a', says(RAW, { until: RAW.indexOf('- Every') })), next], { profile: { prefill: true } });
    await written;
    expect(next.requests[0]?.prompt.at(-1)).toEqual({ role: 'assistant', text: RAW.slice(0, RAW.indexOf('\n\n')) });
    expect(sent.text).toBe(TEXT);
  });

  test('when it is silent for too long', async () => {
    const { sent, clock, written } = run([model('a', stalls('The BEAM is the')), model('b', says(RAW))]);
    await clock.advance(10_000);
    expect(await written).toMatchObject({ model: 'test:b', attempts: [{ failure: 'timeout' }, {}], isFallback: true });
    expect([sent.text, sent.stages]).toEqual([TEXT, ['recovering']]);
  });

  test('and tells so once until it does', async () => {
    const dead = says('', { until: 0, failure: 'unavailable' });
    const { sent, written } = run([model('a', says(RAW, { until: 20 })), model('b', dead), model('c', dead), model('d', says(RAW))]);
    await written;
    expect([sent.text, sent.stages]).toEqual([TEXT, ['recovering']]);
  });

  test('with what it cost so far counted', async () => {
    const { written } = run([model('a', says(RAW, { until: 30 })), model('b', says(RAW))]);
    const { usage } = await written;
    expect(usage.output_tokens).toBe(10 + 1);
    expect(usage.total_tokens).toBe(usage.input_tokens + usage.output_tokens);
  });

  test('not with an empty end in mid-sentence', async () => {
    const { sent, written } = run([model('a', says(RAW, { until: 20 })), model('b', says('')), model('c', says(RAW))]);
    expect(await written).toMatchObject({ model: 'test:c', attempts: [{}, { failure: 'bad_response' }, {}] });
    expect(sent.text).toBe(TEXT);
  });

  test('into the refusal that the first had begun', async () => {
    const refusal = ANSWER_PROMPT.refusal;
    const { written } = run([model('a', says(refusal, { until: 12 })), model('b', says(refusal))]);
    expect(await written).toMatchObject({ finish: 'refused' });
  });
});

/** As an emulated provider, cut off after some tokens. */
function emulated(tokens = Infinity): Play {
  return async function* ({ prompt }) {
    for (const text of answerTokens(prompt).slice(0, tokens)) yield { type: 'text', text };
    if (tokens === Infinity) yield { type: 'end', finish: 'stop', usage: USAGE };
  };
}

describe('the emulated models go on with each other’s answers', () => {
  test.each([
    ['What is the BEAM?', 'The BEAM is the virtual machine at the core of the Erlang Open Telecom Platform (OTP).'],
    ['How often is a child restarted?', 'A child is restarted at most 3 times in 5 seconds (the default), i.e. `max_restarts: 3`, then the supervisor – and all it has – stops.'],
    ['Wie heißt die größte Straße?', 'Die größte Straße heißt „Straße des 17. Juni“; sie ist 3.500 m lang, d.h. länger als die, die davor die längste war.'],
    ['虚拟机是什么?', 'BEAM 是运行 Erlang 和 Elixir 程序的虚拟机,它为并发而设计。'],
    ['What does the list say?', 'The list says 1, 2, 1, 2, 1, 2 and again: no, no, no, that that is, is.'],
  ])('%s', async (question, text) => {
    const sources = sourcesOf(text);
    const request: GenerationRequest = { question, sources, language: 'en', prompt: assemblePrompt({ question, sources, language: 'en' }) };
    const alone = run([model('a', emulated())], { request });
    await alone.written;
    const whole = alone.sent.text;
    for (const prefill of [false, true]) {
      for (let first = 0; first < 45; first += 1) {
        for (const second of [1, 5]) {
          const chain = [model('a', emulated(first)), model('b', emulated(second)), model('c', emulated())];
          const { sent, written } = run(chain, { request, profile: { prefill } });
          expect(await written).toMatchObject({ finish: 'stop', degraded: [] });
          expect({ first, second, text: sent.text }).toEqual({ first, second, text: whole });
          expect(sent.citations).toEqual(alone.sent.citations);
        }
      }
    }
  });
});

describe('an answer of a process that died', () => {
  test.each([1, 20, 41, 42, 43, 60, TEXT.length - 1, TEXT.length])('goes on behind its first %i characters', async (units) => {
    for (const restated of [() => '', (soFar: string) => /(?:\S+\s*){0,3}$/.exec(soFar)?.[0] ?? '']) {
      const play: Play = (request, signal) => {
        const soFar = textSoFar(request) ?? '';
        return says(restated(soFar) + TEXT.slice(soFar.length))({ ...request, prompt: [] }, signal);
      };
      const { sent, written } = run([model('a', play)], { sentText: TEXT.slice(0, units) });
      expect(await written).toMatchObject({ isFallback: true, degraded: [] });
      expect([sent.text, sent.stages]).toEqual([TEXT, []]);
    }
  });

  test('goes on when the model begins again with its handles', async () => {
    const { sent, written } = run([model('a', plays({ type: 'text', text: RAW }, { type: 'end', finish: 'stop', usage: USAGE }))], { sentText: TEXT.slice(0, 60) });
    await written;
    expect(sent.text).toBe(TEXT);
    expect(sent.citations.at(-1)).toEqual(CITATIONS.at(-1));
  });
});
