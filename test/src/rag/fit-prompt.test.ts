import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateTokens, fitRequest, fitSources } from '#src/rag/fit-prompt.ts';
import { assemblePrompt } from '#src/rag/prompt.ts';
import { sourcesOf } from '../../support/sources.ts';

test('three characters are counted as a token, and each character of a script without spaces', () => {
  expect(estimateTokens('')).toBe(0);
  expect(estimateTokens('sixsix')).toBe(2);
  expect(estimateTokens('虚拟机')).toBe(3);
  expect(estimateTokens('虚拟机 abc')).toBe(5);
});

test('sources that fit stay as they are', () => {
  const sources = sourcesOf('One.', 'Two.');
  expect(fitSources(sources, 1000)).toEqual({ sources, leftOut: [] });
});

test('the lowest-ranked sources are left out, and told', () => {
  const sources = sourcesOf('a'.repeat(300), 'b'.repeat(300), 'c'.repeat(30));
  const fitted = fitSources(sources, 250);
  expect(fitted.sources).toEqual(sources.slice(0, 2));
  expect(fitted.leftOut).toEqual(['s3']);
  expect(fitSources(sources, 239).leftOut).toEqual(['s2', 's3']);
});

test('a first source that is too long alone is cut behind a sentence, and told', () => {
  const sentence = 'Every process has a mailbox of its own.';
  const sources = sourcesOf(Array.from({ length: 50 }, () => sentence).join(' '), 'Two.');
  const fitted = fitSources(sources, 100);
  expect(fitted.sources[0]?.text).toBe(Array.from({ length: 6 }, () => sentence).join(' '));
  expect(fitted.leftOut).toEqual(['s1', 's2']);
});

test('a stop inside a number or an abbreviation is no place to cut', () => {
  const text = `${'One is so. '.repeat(8)}It costs 3.${'5'.repeat(200)} in all.`;
  expect(fitSources(sourcesOf(text), 53).sources[0]?.text).toBe('One is so. '.repeat(8).trim());
});

test('a sentence that is too long alone is cut behind a word, never inside a character', () => {
  const [words] = fitSources(sourcesOf('word '.repeat(1000)), 60).sources;
  expect(words?.text).toMatch(/^(word )*word$/);
  const [emoji] = fitSources(sourcesOf('😀'.repeat(1000)), 61).sources;
  expect(emoji?.text.length).toBeGreaterThan(0);
  expect(emoji?.text.isWellFormed()).toBe(true);
});

test('no source is no source', () => {
  expect(fitSources([], 0)).toEqual({ sources: [], leftOut: [] });
});

test('the tokens can be counted by the model', () => {
  expect(fitSources(sourcesOf('one two', 'three'), 42, (text) => text.split(' ').length).leftOut).toEqual(['s2']);
});

test('whatever the sources, what is kept fits, is a beginning, and is never nothing', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '. ', 'Z', '虚', '😀', '\n'), minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), fc.integer({ min: 60, max: 600 }), (texts, budget) => {
      const sources = sourcesOf(...texts);
      const fitted = fitSources(sources, budget);
      const tokens = fitted.sources.reduce((sum, { text }) => sum + estimateTokens(text) + 20, 0);
      expect(tokens).toBeLessThanOrEqual(budget);
      expect(fitted.sources.length).toBeGreaterThan(0);
      for (const [rank, source] of fitted.sources.entries()) {
        expect(sources[rank]?.text.startsWith(source.text)).toBe(true);
        expect(source.text.isWellFormed()).toBe(true);
      }
      const cutOrGone = sources.filter(({ id, text }) => !fitted.sources.some((kept) => kept.id === id && kept.text === text));
      expect(fitted.leftOut).toEqual(cutOrGone.map(({ id }) => id));
    }),
  );
});

describe('a request', () => {
  const sources = sourcesOf('It is so. '.repeat(30), 'So it is. '.repeat(300));
  const request = { question: 'Is it so?', sources, language: 'en', prompt: assemblePrompt({ question: 'Is it so?', sources, language: 'en' }) };
  const limits = { contextTokens: 8000, maxOutputTokens: 2000, thinking: 'none' } as const;

  test('that fits a model stays as it is', () => {
    expect(fitRequest(request, limits, '')).toEqual({ request, leftOut: [] });
  });

  test('that does not is made of fewer sources, in its prompt too', () => {
    const fitted = fitRequest(request, { ...limits, contextTokens: 2000 }, '');
    expect(fitted.leftOut).toEqual(['s2']);
    expect(fitted.request.sources).toEqual(sources.slice(0, 1));
    expect(fitted.request.prompt).toEqual(assemblePrompt({ question: 'Is it so?', sources: sources.slice(0, 1), language: 'en' }));
  });

  test('has less room behind a text so far, and for a model that thinks', () => {
    expect(fitRequest(request, { ...limits, contextTokens: 3700 }, '').leftOut).toEqual([]);
    expect(fitRequest(request, { ...limits, contextTokens: 3700 }, 'word '.repeat(500)).leftOut).toEqual(['s2']);
    const thinking = { reserveTokens: 4000 };
    expect(fitRequest({ ...request, maxOutputTokens: 100 }, { ...limits, contextTokens: 2500 }, '').leftOut).toEqual([]);
    expect(fitRequest({ ...request, maxOutputTokens: 100 }, { ...limits, contextTokens: 2500, thinking }, '').leftOut).toEqual(['s2']);
  });

  test('asks for no longer an answer than the model writes', () => {
    expect(fitRequest({ ...request, maxOutputTokens: 9000 }, limits, '').request.maxOutputTokens).toBe(2000);
  });
});

test('a source of white space is cut without delay', () => {
  const startedAt = performance.now();
  const beginning = `one${' '.repeat(60_000)}two`;
  const { sources } = fitSources(sourcesOf(`${beginning} ${'z'.repeat(200_000)}`), 40_000);
  expect(sources[0]?.text).toBe(beginning);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
