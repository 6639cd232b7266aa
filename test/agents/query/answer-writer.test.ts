import { describe, expect, test } from 'vitest';
import { createExtractiveModel } from '#src/adapters/language-model/extractive.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { CONTINUATION } from '#src/rag/continuation.ts';
import { ANSWER_PROMPT, assemblePrompt } from '#src/rag/prompt.ts';
import { settled, SimulatedClock } from '../../support/simulated-clock.ts';
import { sourcesOf } from '../../support/sources.ts';
import type { Play } from './scripted-answers.ts';
import { CITATIONS, model, plays, QUESTION, RAW, REQUEST, run, says, SOURCES, stalls, TEXT, USAGE } from './scripted-answers.ts';

describe('one model', () => {
  test('writes the answer, with its handles as citations', async () => {
    const only = model('a', says(RAW));
    const { sent, written } = run([only]);
    expect(await written).toEqual({
      finish: 'stop',
      usage: USAGE,
      model: 'test:a',
      degraded: [],
      isFallback: false,
      attempts: [{ model: 'test:a' }],
      leftOut: [],
    });
    expect(sent).toEqual({ text: TEXT, citations: CITATIONS, stages: [] });
    expect(only.requests[0]).toBe(REQUEST);
  });

  test('that says the prompt’s refusal has refused', async () => {
    const { written } = run([model('a', says(` "${ANSWER_PROMPT.refusal}"\n`))]);
    expect(await written).toMatchObject({ finish: 'refused', model: 'test:a', isFallback: false });
  });

  test('that reaches its length has ended the answer', async () => {
    const { written, sent } = run([model('a', plays({ type: 'text', text: 'The BEAM' }, { type: 'end', finish: 'length', usage: USAGE }))]);
    expect(await written).toMatchObject({ finish: 'length', degraded: [] });
    expect(sent.text).toBe('The BEAM');
  });
});

describe('a model that fails before its first token', () => {
  const failures: ProviderFailure[] = ['auth', 'bad_request', 'not_found', 'too_large', 'rate_limited', 'quota', 'timeout', 'unavailable', 'truncated', 'bad_response', 'aborted'];
  test.each(failures)('by %s is followed by the next one, silently', async (failure) => {
    const { sent, written } = run([model('a', says('', { until: 0, failure })), model('b', says(RAW))]);
    expect(await written).toMatchObject({ finish: 'stop', model: 'test:b', isFallback: true, degraded: [], attempts: [{ model: 'test:a', failure }, { model: 'test:b' }] });
    expect(sent).toEqual({ text: TEXT, citations: CITATIONS, stages: [] });
  });

  test('by an answer without text is followed by the next one', async () => {
    const { written } = run([model('a', says('')), model('b', says(RAW))]);
    expect(await written).toMatchObject({ model: 'test:b', attempts: [{ failure: 'bad_response' }, {}] });
  });

  test('by silence is followed by the next one after the first token’s time', async () => {
    const silent = model('a', stalls());
    const { clock, written } = run([silent, model('b', says(RAW))]);
    await clock.advance(7999);
    expect(silent.signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(await written).toMatchObject({ model: 'test:b', attempts: [{ failure: 'timeout' }, {}] });
    expect(silent.signals[0]?.reason).toMatchObject({ failure: 'timeout', account: 'test/a' });
    expect([silent.running, clock.pendingTimers]).toEqual([0, 0]);
  });

  test('by silence, and that does not listen to its signal, is left', async () => {
    const { clock, written } = run([model('a', stalls('', true)), model('b', says(RAW))]);
    await clock.advance(8000);
    expect(await written).toMatchObject({ model: 'test:b' });
  });
});

test('what is no failure of a provider is nobody’s to hide', async () => {
  const { written, clock } = run([model('a', plays({ type: 'text', text: 'The' }, new RangeError('a mistake'))), model('b', says(RAW))]);
  await expect(written).rejects.toThrow('a mistake');
  expect(clock.pendingTimers).toBe(0);
});

describe('what a provider blocks is tried nowhere else', () => {
  test('before the first token the answer is the refusal', async () => {
    const next = model('b', says(RAW));
    const { sent, written } = run([model('a', says('', { until: 0, failure: 'blocked' })), next]);
    expect(await written).toMatchObject({ finish: 'refused', model: 'test:a', degraded: [], attempts: [{ failure: 'blocked' }] });
    expect([sent.text, next.requests.length]).toEqual([ANSWER_PROMPT.refusal, 0]);
  });

  test('in the middle of an answer what was sent stays', async () => {
    const next = model('b', says(RAW));
    const { sent, written } = run([model('a', says(RAW, { until: 30, failure: 'blocked' })), next]);
    expect(await written).toMatchObject({ finish: 'refused', model: 'test:a' });
    expect([sent.text, next.requests.length]).toEqual([RAW.slice(0, 30), 0]);
  });
});

describe('when all models are gone', () => {
  test('before the first token the documents are quoted', async () => {
    const { sent, written } = run([model('a', says('', { until: 0, failure: 'unavailable' }))]);
    expect(await written).toMatchObject({ finish: 'stop', model: 'extractive:quotes', degraded: ['model'], isFallback: true });
    expect(sent.text).toBe(SOURCES[0]?.text);
    expect(sent.citations).toEqual([{ source_id: 's1', start: 0, end: 42 }]);
    expect(sent.stages).toEqual([]);
  });

  test('in the middle of an answer the quotes follow a notice', async () => {
    const { sent, written } = run([model('a', says(RAW, { until: 30 })), model('b', says('', { until: 0, failure: 'quota' }))]);
    expect(await written).toMatchObject({ finish: 'stop', model: 'extractive:quotes', degraded: ['model'] });
    const before = `${RAW.slice(0, 30)}\n\n${CONTINUATION.notice}\n\n`;
    expect(sent.text).toBe(`${before}${SOURCES[0]?.text}`);
    expect(sent.citations).toEqual([{ source_id: 's1', start: before.length, end: before.length + 42 }]);
  });

  test('inside a block of code the block is closed first', async () => {
    const { sent, written } = run([model('a', says('So:\n```\nx = a[1', { until: 99 }))]);
    await written;
    expect(sent.text).toMatch(/^So:\n```\nx = a\[1\n```\n\nThe answer was interrupted/);
  });

  test('and the documents have nothing to quote, that is said', async () => {
    const request = { ...REQUEST, question: 'Who painted zebras?' };
    const { sent, written } = run([model('a', says(RAW, { until: 30 }))], { request });
    expect(await written).toMatchObject({ finish: 'length', degraded: ['model'] });
    expect(sent.text).toBe(`${RAW.slice(0, 30)}\n\n${CONTINUATION.noticeWithoutQuotes}`);
  });

  test('the last second of the time is the quotes’', async () => {
    const silent = model('a', stalls());
    const { clock, written, sent } = run([silent, silent, silent, silent, model('b', says(RAW))]);
    await clock.advance(28_999);
    expect(sent.text).toBe('');
    await clock.advance(1);
    expect(await written).toMatchObject({ model: 'extractive:quotes', finish: 'stop' });
    expect(silent.requests).toHaveLength(4);
    expect([silent.running, clock.pendingTimers]).toEqual([0, 0]);
  });

  test('no model is asked when there is no time for one', async () => {
    const late = model('a', says(RAW));
    const { written } = run([late], { deadlineMs: 1000 });
    expect(await written).toMatchObject({ model: 'extractive:quotes' });
    expect(late.requests).toHaveLength(0);
  });

  test('a model that writes for ever is stopped in time', async () => {
    const clock = new SimulatedClock();
    const endless: Play = async function* (_, signal) {
      while (!signal.aborted) {
        yield { type: 'text', text: 'word ' };
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, 500);
        });
      }
    };
    const { sent, written } = run([model('a', endless)], { clock });
    await clock.advance(29_000);
    expect(await written).toMatchObject({ degraded: ['model'], attempts: [{ failure: 'timeout' }, {}] });
    expect(sent.text).toContain(CONTINUATION.notice);
  });
});

describe('the extractive model among the candidates', () => {
  const extractive = createExtractiveModel({ clock: new SimulatedClock(), rate: 0 });

  test('at the first place is no substitute', async () => {
    const { sent, written } = run([extractive], { extractive });
    expect(await written).toMatchObject({ finish: 'stop', model: 'extractive:quotes', degraded: [], isFallback: false, attempts: [{}] });
    expect(sent.citations).toHaveLength(1);
  });

  test('goes on from the quotes that were sent', async () => {
    const sentText = SOURCES[0]?.text.slice(0, 10) ?? '';
    const { sent, written } = run([extractive], { extractive, sentText });
    expect(await written).toMatchObject({ finish: 'stop', degraded: [] });
    expect(sent.text).toBe(SOURCES[0]?.text);
    expect(sent.citations).toEqual([{ source_id: 's1', start: 0, end: 42 }]);
  });

  test('behind others stands for missing models', async () => {
    const { written } = run([model('a', says('', { until: 0, failure: 'auth' })), extractive], { extractive });
    expect(await written).toMatchObject({ degraded: ['model'], isFallback: true, attempts: [{}, {}] });
  });
});

describe('another round', () => {
  test('asks again those whose failure may have passed, and goes on with them', async () => {
    const healed = model('a', says(RAW, { until: 30 }), says(RAW));
    const locked = model('b', says('', { until: 0, failure: 'auth' }));
    const { sent, written } = run([healed, locked], { rounds: 2 });
    expect(await written).toMatchObject({ finish: 'stop', model: 'test:a', isFallback: false, degraded: [] });
    expect([sent.text, locked.requests.length]).toEqual([TEXT, 1]);
  });

  test('asks a model that asked for time again when that is over, not before', async () => {
    const busy = model('a', plays(new ProviderError('rate_limited', 'test', 'later', { retryAfterMs: 2000 })));
    const { written, clock } = run([busy], { rounds: 2 });
    await clock.advance(1999);
    await settled();
    expect(busy.requests).toHaveLength(1);
    await clock.advance(1);
    expect(await written).toMatchObject({ degraded: ['model'] });
    expect(busy.requests).toHaveLength(2);
  });

  test('does not wait for a model that asked for more time than a first token gets', async () => {
    const busy = model('a', plays(new ProviderError('rate_limited', 'test', 'later', { retryAfterMs: 60_000 })));
    const { written } = run([busy], { rounds: 3 });
    expect(await written).toMatchObject({ degraded: ['model'] });
    expect(busy.requests).toHaveLength(1);
  });
});

describe('an aborted answer leaves nothing running', () => {
  const phases: [string, Play[], number][] = [
    ['before the first token', [stalls()], 0],
    ['in the middle', [stalls('The BEAM is')], 0],
    ['in the middle of a model that does not listen', [stalls('The BEAM is', true)], 0],
    ['before the first token of the next model', [says(RAW, { until: 20 }), stalls()], 0],
    ['in the middle of the next model', [says(RAW, { until: 20 }), stalls('virtual')], 0],
    ['after a stall', [stalls('The'), stalls()], 11_000],
  ];
  test.each(phases)('%s', async (_, plays, afterMs) => {
    const chain = plays.map((play, index) => model(String(index), play));
    const next = model('next', says(RAW));
    const { sent, clock, stop, written } = run([...chain, next]);
    await clock.advance(afterMs);
    await settled();
    const { text } = sent;
    stop.abort();
    await expect(written).rejects.toMatchObject({ failure: 'aborted' });
    expect(chain.flatMap(({ signals }) => signals).every(({ aborted }) => aborted)).toBe(true);
    expect([sent.text, next.requests.length, clock.pendingTimers]).toEqual([text, 0, 0]);
  });

  test('before it begins', async () => {
    const never = model('a', says(RAW));
    const { written, clock } = run([never], { signal: AbortSignal.abort() });
    await expect(written).rejects.toMatchObject({ failure: 'aborted' });
    expect([never.requests.length, clock.pendingTimers]).toEqual([0, 0]);
  });
});

test('a stream that came to its end is not aborted', async () => {
  const good = model('a', says(RAW));
  await run([good]).written;
  await settled();
  expect([good.signals[0]?.aborted, good.running]).toEqual([false, 0]);
});

describe('a prompt over the context of a model', () => {
  test('is made of the best sources alone, and the others are told', async () => {
    const sources = sourcesOf('The BEAM is a machine. '.repeat(20), 'It runs. '.repeat(200), 'So. '.repeat(1000));
    const request = { ...REQUEST, sources, prompt: assemblePrompt({ question: QUESTION, sources, language: 'en' }) };
    const only = model('a', says('It is so [1]. Not [2].'));
    const { sent, written } = run([only], { request, profile: { contextTokens: 2000, maxOutputTokens: 1000 } });
    expect(await written).toMatchObject({ finish: 'stop', leftOut: ['s3'] });
    expect(only.requests[0]?.sources).toEqual(sources.slice(0, 2));
    expect(only.requests[0]?.prompt[1]?.text).not.toContain('So. So.');
    expect(sent.citations.map(({ source_id }) => source_id)).toEqual(['s1', 's2']);
  });

  test('and no source that it was not shown can be cited', async () => {
    const sources = sourcesOf('a '.repeat(2000), 'b '.repeat(2000));
    const request = { ...REQUEST, sources, prompt: assemblePrompt({ question: QUESTION, sources, language: 'en' }) };
    const { sent, written } = run([model('a', says('It is so [2].'))], { request, profile: { contextTokens: 3000, maxOutputTokens: 500 } });
    expect((await written).leftOut).toEqual(['s2']);
    expect([sent.text, sent.citations]).toEqual(['It is so [2].', []]);
  });

  test('the answer is asked for no longer than the model writes', async () => {
    const only = model('a', says(RAW));
    await run([only], { request: { ...REQUEST, maxOutputTokens: 9999 } }).written;
    expect(only.requests[0]?.maxOutputTokens).toBe(4096);
  });
});
