import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerParts, citedSources, sourceParts } from '#src/web/citations.js';
import type { Citation, Source } from '#src/web/types.ts';

const SOURCES = [source('x', 'Fire burns. Water flows.'), source('y', 'Wind blows.'), source('z', 'Nobody asked.')];

describe('citedSources', () => {
  test('numbers the sources as the reader meets them, and leaves out what is not cited', () => {
    const answer = 'Wind blows. Fire burns. Water flows.';
    const citations = [cite('x', 24, 36), cite('y', 0, 11), cite('x', 12, 23), cite('unknown', 0, 4)];
    expect(citedSources(answer, citations, SOURCES).map(({ number, source: { id }, passages }) => ({ number, id, passages }))).toEqual([
      { number: 1, id: 'y', passages: ['Wind blows.'] },
      { number: 2, id: 'x', passages: ['Fire burns.', 'Water flows.'] },
    ]);
  });
});

describe('answerParts', () => {
  test('a mark stands behind the span that its source supports', () => {
    expect(parts('Wind blows. Maybe. Fire burns.', [cite('y', 0, 11), cite('x', 19, 30)])).toEqual([
      { text: 'Wind blows.', isCited: true, marks: [1] },
      { text: ' Maybe. ', isCited: false, marks: [] },
      { text: 'Fire burns.', isCited: true, marks: [2] },
    ]);
  });

  test('two sources of one span mark it both, one source marks it once', () => {
    expect(parts('Wind blows.', [cite('y', 0, 11), cite('x', 5, 11), cite('y', 5, 11)]).map(({ text, marks }) => ({ text, marks }))).toEqual([
      { text: 'Wind ', marks: [] },
      { text: 'blows.', marks: [1, 2] },
    ]);
  });

  test('offsets outside the answer mark nothing', () => {
    expect(parts('Wind.', [cite('y', 2, 99), cite('x', -1, 3), cite('x', 3, 3)])).toEqual([{ text: 'Wind.', isCited: false, marks: [] }]);
  });

  test('the parts joined are the answer', () => {
    const citations = fc.array(fc.record({ source_id: fc.constantFrom('x', 'y', 'w'), start: fc.integer({ min: -2, max: 40 }), end: fc.integer({ min: -2, max: 40 }) }));
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), citations, (answer, drawn) => {
        expect(parts(answer, drawn).map(({ text }) => text).join('')).toBe(answer);
      }),
    );
  });
});

describe('sourceParts', () => {
  test('every quoted passage is marked', () => {
    expect(sourceParts('Fire burns. Water flows.', ['Water flows.', 'Fire'])).toEqual([
      { text: 'Fire', isQuoted: true },
      { text: ' burns. ', isQuoted: false },
      { text: 'Water flows.', isQuoted: true },
    ]);
  });

  test('a passage is found across lines', () => {
    expect(sourceParts('Fire\n  burns (always).', ['Fire burns (always).'])).toEqual([{ text: 'Fire\n  burns (always).', isQuoted: true }]);
  });

  test('a passage in other words marks nothing', () => {
    expect(sourceParts('Fire burns.', ['It is hot.', '  '])).toEqual([{ text: 'Fire burns.', isQuoted: false }]);
  });

  test('any slice of a text is found in it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), fc.nat(), (text, from, length) => {
        const passage = text.slice(from % text.length).slice(0, 1 + (length % text.length));
        fc.pre(passage.trim() !== '');
        expect(sourceParts(text, [passage]).some(({ isQuoted }) => isQuoted)).toBe(true);
      }),
    );
  });
});

function parts(answer: string, citations: readonly Citation[]): ReturnType<typeof answerParts> {
  return answerParts(answer, citations, citedSources(answer, citations, SOURCES));
}

function cite(source_id: string, start: number, end: number): Citation {
  return { source_id, start, end };
}

function source(id: string, text: string): Source {
  return { id, document_id: `${id}.md`, title: id, uri: null, text, score: 1, metadata: {} };
}
