import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listReferences, markCitations, numberSources, rowsOf } from '#src/cli/chat/answer-text.ts';
import type { Source } from '#src/ports/answer.ts';

function source(id: string, document: string, title = document): Source {
  return { id, document_id: document, title, uri: null, text: '', score: 1, metadata: {} };
}

const sources = [source('s1', 'a.md', 'A'), source('s2', 'b.md'), source('s3', 'a.md', 'A')];

describe('numberSources', () => {
  test('numbers the cited documents in the order of their citations', () => {
    const citations = [{ source_id: 's3', start: 6, end: 9 }, { source_id: 's2', start: 0, end: 5 }];
    const { references, numbers } = numberSources({ citations, sources, finish: 'stop' });
    expect(references).toEqual([{ number: 1, file: 'b.md', title: 'b.md' }, { number: 2, file: 'a.md', title: 'A' }]);
    expect([...numbers]).toEqual([['s2', 1], ['s3', 2]]);
  });

  test('an answer without citations lists its sources, a refusal none', () => {
    expect(numberSources({ citations: [], sources, finish: 'stop' }).references.map(({ file }) => file)).toEqual(['a.md', 'b.md']);
    expect(numberSources({ citations: [], sources, finish: 'refused' }).references).toEqual([]);
  });

  test('a citation of a source that is not there is passed over', () => {
    expect(numberSources({ citations: [{ source_id: 'lost', start: 0, end: 1 }], sources: [], finish: 'stop' }).references).toEqual([]);
  });
});

describe('markCitations', () => {
  const numbers = new Map([['s1', 1], ['s2', 2], ['s3', 1]]);

  test('puts the numbers behind the spans, each once', () => {
    const citations = [
      { source_id: 's2', start: 7, end: 14 },
      { source_id: 's1', start: 0, end: 6 },
      { source_id: 's3', start: 0, end: 6 },
      { source_id: 's1', start: 8, end: 14 },
    ];
    expect(markCitations('First. Second.', citations, numbers)).toBe('First. [1] Second. [2][1]');
  });

  test('takes nothing away from the answer', () => {
    const citation = fc.record({ source_id: fc.constantFrom('s1', 's2', 's3', 'lost'), start: fc.constant(0), end: fc.integer({ min: 0, max: 60 }) });
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }).map((text) => text.replaceAll(/[[\]]/g, '')), fc.array(citation), (answer, citations) => {
        expect(markCitations(answer, citations, numbers).replaceAll(/ (\[\d\])+/g, '')).toBe(answer);
      }),
    );
  });
});

describe('listReferences', () => {
  test('names the file, and the title where that is another', () => {
    const references = [{ number: 1, file: 'a.md', title: 'A' }, { number: 2, file: 'b.md', title: 'b.md' }];
    expect(listReferences(references)).toEqual(['[1] a.md · A', '[2] b.md']);
  });

  test('a title drives no terminal', () => {
    expect(listReferences([{ number: 1, file: 'a.md', title: '\u001b[2Jgone' }])).toEqual(['[1] a.md · [2Jgone']);
  });
});

describe('rowsOf', () => {
  test('counts the rows that a terminal takes for it', () => {
    expect(['', 'x'.repeat(10), 'x'.repeat(11), 'a\n\nb'].map((text) => rowsOf(text, 10))).toEqual([1, 1, 2, 3]);
  });

  test.for(['漢字', 'e\u0301', '👍', 'a\tb'])('does not guess at %j', (text) => {
    expect(rowsOf(text, 10)).toBeUndefined();
  });
});
