import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitSentences } from '#src/rag/sentences.ts';

function sentencesOf(text: string): string[] {
  return splitSentences(text).map(({ start, end }) => text.slice(start, end));
}

describe('sentences', () => {
  test.each([
    ['One. Two! Three? Four…', ['One.', 'Two!', 'Three?', 'Four…']],
    ['He said "stop." Then he left.', ['He said "stop."', 'Then he left.']],
    ['**Bold.** Next.', ['**Bold.**', 'Next.']],
    ['Use `a. B` here. Then go.', ['Use `a. B` here.', 'Then go.']],
    ['No stop at the end', ['No stop at the end']],
    ['First line\nsame sentence. `code` begins.', ['First line\nsame sentence.', '`code` begins.']],
    ['これは本です。次の文。', ['これは本です。', '次の文。']],
    ['  \n ', []],
  ])('%j is %j', (text, expected) => {
    expect(sentencesOf(text)).toEqual(expected);
  });

  test.each([
    'Tools, e.g. Mix and i.e. Others, work.',
    'Node.js runs main.ts quickly.',
    'Version 1.2.3 and OTP 26.0 are out.',
    'Dr. Smith and J. Doe met Mrs. Jones.',
    'See Fig. 3 and No. 5 for more.',
    'Smith et al. Found it.',
    'It waits ... and goes on.',
    'Read config.exs before runtime.exs is read.',
  ])('%j is one sentence', (text) => {
    expect(sentencesOf(text)).toEqual([text]);
  });

  test('all that is not white space is in one sentence, in order', () => {
    const pieces = fc.constantFrom('.', '!', '`', ' ', '\n', 'A', 'b', '"', ')', 'e.g.', '。', '\uD83E', '12');
    fc.assert(
      fc.property(fc.array(pieces).map((list) => list.join('')), (text) => {
        expect(sentencesOf(text).join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }),
    );
  });

  test('a stretch within a text keeps the offsets of the text', () => {
    expect(splitSentences('skip. One. Two. skip', 6, 15)).toEqual([
      { start: 6, end: 10 },
      { start: 11, end: 15 },
    ]);
  });
});
