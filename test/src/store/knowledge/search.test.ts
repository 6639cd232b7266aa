import { describe, expect, test } from 'vitest';
import type { Metadata } from '#src/ports/answer.ts';
import type { ChunkRecord, DocumentRecord, SearchResult } from '#src/ports/store.ts';
import { index, SCOPE, sections } from '../../../support/store-examples.ts';
import { openKnowledge, temporaryDirectory } from '../../../support/store-directory.ts';

type Knowledge = ReturnType<typeof openKnowledge>;

function open(): Knowledge {
  return openKnowledge(temporaryDirectory());
}

function search({ read }: Knowledge, question: string, filter?: Metadata): SearchResult {
  const request = { question, limit: 5, language: 'en', ...(filter === undefined ? {} : { filter }) };
  return read<SearchResult>({ type: 'search', ...SCOPE, request });
}

describe('a source', () => {
  test('is the chunk with what its document says about itself', () => {
    const knowledge = open();
    const text = '# Otters\n\nAn otter swims.\n\n## Food\n\nIt eats mussels.';
    index(knowledge.write, [{ id: 'düne/1', text, uri: 'file:otters.md', metadata: { lang: 'en', rank: 1 } }]);
    const [source] = search(knowledge, 'What are mussels?').sources;
    const document = knowledge.read<DocumentRecord & { chunks: ChunkRecord[] }>({ type: 'get-document', ...SCOPE, document: 'düne/1' });
    const chunk = document.chunks.find(({ id }) => id === source?.id);
    expect(source).toMatchObject({ document_id: 'düne/1', title: 'Otters', uri: 'file:otters.md', metadata: { lang: 'en', rank: 1 } });
    expect(source?.id).toMatch(/^[0-9a-f]{24}#1#\d+$/);
    expect(source?.text).toContain('mussels');
    expect(chunk?.text).toBe(source?.text);
    expect(text.slice(chunk?.start, chunk?.end)).toBe(source?.text);
  });

  test('is found by the title and the headings above it', () => {
    const knowledge = open();
    const text = '# Alpha\n\n## Bravo\n\nCharlie speaks.\n\n## Delta\n\nEcho answers.';
    index(knowledge.write, [{ id: 'a', text, title: 'Foxtrot' }]);
    expect(search(knowledge, 'foxtrot bravo').sources[0]?.text).toContain('Charlie');
  });
});

describe('a search', () => {
  test('tells the terms of the question, repeated as they were, and how rare they are', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: 'otter' }, { id: 'b', text: 'otter bee' }]);
    const { terms, statistics } = search(knowledge, 'Otter, otter: BEE? wasp');
    expect(terms).toHaveLength(4);
    expect(statistics.chunkCount).toBe(2);
    expect(terms.map((term) => statistics.documentFrequency[term])).toEqual([2, 2, 1, 0]);
  });

  test.each(['???', '🦆', '', '"', '-- ; drop table chunk', 'NEAR(a b)', 'terms:otter', '"otter" AND', 'a\0b', '\ud800', '*'])(
    'for %j does no harm',
    (question) => {
      const knowledge = open();
      index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }]);
      expect(Array.isArray(search(knowledge, question).sources)).toBe(true);
      expect(search(knowledge, 'otter').sources).toHaveLength(1);
    },
  );

  test('for what has no term finds nothing', () => {
    const knowledge = open();
    index(knowledge.write, [{ id: 'a', text: 'An otter swims.' }]);
    expect(search(knowledge, '??? 🦆')).toMatchObject({ sources: [], terms: [] });
  });

  test('in a collection that was never written finds nothing', () => {
    expect(search(open(), 'otter')).toMatchObject({ sources: [], statistics: { chunkCount: 0 } });
  });

  test('sees each change at once, though it keeps scores', () => {
    const knowledge = open();
    for (let round = 1; round <= 5; round += 1) {
      index(knowledge.write, [{ id: `d${round}`, text: `An otter swims in river ${round}.` }]);
      const { sources, statistics } = search(knowledge, 'otter');
      expect([sources.length, statistics.chunkCount]).toEqual([round, round]);
    }
    knowledge.write({ type: 'delete-document', ...SCOPE, document: 'd3' });
    expect(search(knowledge, 'otter').sources.map((source) => source.document_id)).not.toContain('d3');
  });
});

describe('a filter', () => {
  const documents = Array.from({ length: 300 }, (_, at) => ({
    id: `d${at}`,
    text: sections(2, 'mark'),
    metadata: { team: at === 250 ? 'rare' : 'common', year: 2020 + (at % 2), isOld: at < 10, note: null },
  }));

  test('finds the only document that holds it, however many others match better', () => {
    const knowledge = open();
    index(knowledge.write, documents);
    const found = search(knowledge, 'mark1', { team: 'rare' }).sources;
    expect(new Set(found.map((source) => source.document_id))).toEqual(new Set(['d250']));
  });

  test('holds all of its values, each of its own type', () => {
    const knowledge = open();
    index(knowledge.write, documents);
    const count = (filter: Metadata): number => search(knowledge, 'mark1', filter).sources.length;
    expect(count({ year: 2020, isOld: true, note: null })).toBe(5);
    const none: Metadata[] = [{ year: '2020' }, { team: 'rare', isOld: true }, { missing: null }, { toString: null }];
    expect(none.map(count)).toEqual([0, 0, 0, 0]);
  });
});
