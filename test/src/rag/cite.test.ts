import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerFromQuotes } from '#src/rag/cite.ts';
import { sourcesOf } from '../../support/sources.ts';
import { findFalseCitations } from './false-citations.ts';

const sources = sourcesOf('One two.', 'Three four.');

test('an answer is its quotes as paragraphs, each cited', () => {
  const quotes = [
    { source_id: 's2', text: 'Three', start: 0, end: 5 },
    { source_id: 's1', text: 'two.', start: 4, end: 8 },
  ];
  expect(answerFromQuotes(quotes)).toEqual({
    answer: 'Three\n\ntwo.',
    citations: [
      { source_id: 's2', start: 0, end: 5 },
      { source_id: 's1', start: 7, end: 11 },
    ],
  });
});

test('citations of quotes are never false', () => {
  const quote = fc.tuple(fc.constantFrom(...sources), fc.nat(7), fc.nat(7)).map(([source, a, b]) => {
    const [start, end] = [Math.min(a, b), Math.min(source.text.length, Math.max(a, b) + 1)];
    return { source_id: source.id, text: source.text.slice(start, end), start, end };
  });
  fc.assert(
    fc.property(fc.array(quote), (quotes) => {
      expect(findFalseCitations(answerFromQuotes(quotes), sources)).toEqual([]);
    }),
  );
});

describe('a citation is false', () => {
  test.each([
    ['of an unknown source', { source_id: 's9', start: 0, end: 3 }],
    ['of another source', { source_id: 's2', start: 0, end: 3 }],
    ['of nothing', { source_id: 's1', start: 3, end: 3 }],
    ['beyond the answer', { source_id: 's1', start: 0, end: 99 }],
    ['before the answer', { source_id: 's1', start: -3, end: 3 }],
    ['of a broken offset', { source_id: 's1', start: 0.5, end: 3 }],
  ])('%s', (_, citation) => {
    expect(findFalseCitations({ answer: 'One two.', citations: [citation] }, sources)).toEqual([citation]);
  });
});
