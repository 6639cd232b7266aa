import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse } from '#src/rag/analyse.ts';

describe('analyse', () => {
  test.each([
    ['', []],
    ['???', []],
    ['🦆', []],
    ['The supervisor restarts children', ['supervisor', 'restart', 'children']],
    ["Erlang's and Elixir’s", ['erlang', 'elixir']],
    ['handle_call/3', ['handl', 'call', '3']],
    ['GenServer.call', ['genserv', 'call']],
    ['"quoted" AND (NEAR* -not) col:term', ['quot', 'near', 'col', 'term']],
    ['ﬁle １２', ['file', '12']],
    ['fit日本語ok', ['fit', '日本', '本語', 'ok']],
    ['水', ['水']],
  ])('English %j gives %j', (text, expected) => {
    expect(analyse(text, 'en')).toEqual(expected);
  });

  test.each([
    ['de', 'Die Häuser sind groß', ['haus', 'gross']],
    ['hr', 'knjige i kućama', ['knjig', 'kuć']],
    ['fr', "L'homme", ['homm']],
    ['ru', 'в книгах', ['книг']],
    ['de-AT', 'die Häuser', ['haus']],
  ])('%s has its own stop words and stems: %j', (language, text, expected) => {
    expect(analyse(text, language)).toEqual(expected);
  });

  test.each(['xx', '', '__proto__', 'constructor'])('language %j has no rules and keeps its words', (language) => {
    expect(analyse('The Running of Things', language)).toEqual(['the', 'running', 'of', 'things']);
  });

  test('terms keep their order and are repeated as often as they occur', () => {
    expect(analyse('cache miss, cache hit', 'en')).toEqual(['cach', 'miss', 'cach', 'hit']);
  });

  test('decomposed and composed letters give one term', () => {
    expect(analyse('cafe\u0301', 'xx')).toEqual(analyse('café', 'xx'));
  });

  test('a term is never empty, bounded, and holds only letters, digits and marks', () => {
    const languages = fc.constantFrom('en', 'de', 'hr', 'ru', 'hi', 'tr', 'ar', 'el', 'xx');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), languages, (text, language) => {
        for (const term of analyse(text, language)) expect(term).toMatch(/^[\p{L}\p{N}\p{M}]{1,64}$/u);
      }),
      { numRuns: 300 },
    );
  });

  test('words beyond what is remembered give the same terms as before', () => {
    const words = Array.from({ length: 60_000 }, (_, index) => `word${index}s`).join(' ');
    const first = analyse(words, 'en');
    expect(analyse(words, 'en')).toEqual(first);
    expect(first).toHaveLength(60_000);
  });
});
