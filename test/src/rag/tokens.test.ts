import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countTokens, tokenize } from '#src/rag/tokens.ts';

function tokensOf(text: string): string[] {
  const { starts, ends } = tokenize(text);
  return starts.map((start, index) => text.slice(start, ends[index]));
}

describe('tokens', () => {
  test.each([
    ['', []],
    [' \t\r\n\u00A0', []],
    ['Ask, then wait.', ['Ask', ',', 'then', 'wait', '.']],
    ['handle_call/3', ['handle', '_', 'call', '/', '3']],
    ['čovjek œuvre हिन्दी', ['čovjek', 'œuvre', 'हिन्दी']],
    ['日本語', ['日', '本', '語']],
    ['a🦆b', ['a', '🦆', 'b']],
    ['\uD83E', ['\uD83E']],
    ['a\0b', ['a', '\0', 'b']],
  ])('%j has the tokens %j', (text, expected) => {
    expect(tokensOf(text)).toEqual(expected);
  });

  test('a word longer than 32 units counts as several', () => {
    expect(tokensOf('x'.repeat(70)).map((token) => token.length)).toEqual([32, 32, 6]);
  });

  test('the count is the number of tokens, and only white space stands between them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { starts, ends } = tokenize(text);
        expect(countTokens(text)).toBe(starts.length);
        const between = [0, ...ends].map((end, index) => text.slice(end, starts[index]));
        expect(between.join('').trim()).toBe('');
      }),
    );
  });

  test('no surrogate pair is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tokensOf(text).every((token) => token.isWellFormed())).toBe(true);
      }),
    );
  });
});
