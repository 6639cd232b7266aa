import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Citation } from '#src/ports/answer.ts';
import { HandleResolver } from '#src/rag/handles.ts';

const IDS = ['a', 'b', 'c'];

function resolve(pieces: readonly string[], sentText = ''): { texts: string[]; text: string; citations: Citation[] } {
  const resolver = new HandleResolver(IDS, sentText);
  const parts = [...pieces.map((piece) => resolver.push(piece)), resolver.end()];
  const texts = parts.map(({ text }) => text);
  return { texts, text: texts.join(''), citations: parts.flatMap(({ citations }) => citations) };
}

/** What each citation covers. */
function cited(raw: string): [string, string][] {
  const { text, citations } = resolve([raw]);
  return citations.map(({ source_id, start, end }) => [source_id, text.slice(start, end)]);
}

describe('a handle is taken out and cites the sentence before it', () => {
  test.each<[string, string, [string, string][]]>([
    ['One is so [1]. Two is not [2].', 'One is so. Two is not.', [['a', 'One is so'], ['b', 'Two is not']]],
    ['One is so. [1] Two.', 'One is so. Two.', [['a', 'One is so.']]],
    ['One is so [1, 3].', 'One is so.', [['a', 'One is so'], ['c', 'One is so']]],
    ['One is so [1][2] [3].', 'One is so.', [['a', 'One is so'], ['b', 'One is so'], ['c', 'One is so']]],
    ['One[1]. Two[2][3].', 'One. Two.', [['a', 'One'], ['b', 'Two'], ['c', 'Two']]],
    ['# Head\n- item one [2]\n- item two', '# Head\n- item one\n- item two', [['b', 'item one']]],
    ['1. First [1]', '1. First', [['a', 'First']]],
    ['这是虚拟机[1]。', '这是虚拟机。', [['a', '这是虚拟机']]],
    ['Use `a[1]` so [2].', 'Use `a[1]` so.', [['b', 'Use `a[1]` so']]],
    ['```\nx[1]\n```\nSo it is [1].', '```\nx[1]\n```\nSo it is.', [['a', 'So it is']]],
    ['It is so [1, 1].', 'It is so.', [['a', 'It is so']]],
  ])('%j', (raw, text, citations) => {
    expect(resolve([raw]).text).toBe(text);
    expect(cited(raw)).toEqual(citations);
  });
});

test.each([
  'a number without a source [4] or [0] or [1, 9]',
  'a link [1](https://example.org)',
  'a link [the docs][1]',
  'an array[1] in prose',
  'array[1]',
  'array[1].length and array[1][2] = 3',
  '[1] begins the text',
  'Sources:\n[1] A\n[2] B',
  'in `code [1]`',
  'in `code [1]',
  '```\ncode [1]\n```',
  '~~~\ncode [1]',
  'a box [ ], a note [^1], a wiki [[1]], an escape \\[1]',
  'never closed [1',
  'never closed [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3',
])('no handle: %j', (raw) => {
  expect(resolve([raw])).toMatchObject({ text: raw, citations: [] });
});

const HANDLES = ['[1]', ' [1]', ' [2, 3]', '[1][2]', ' [9]', ' [1](u)', 'x[1]', '[[1]]', ' [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2]'];
const MARKS = ['.', '. ', ' ', '  ', ',', '!', '\n', '\n\n- ', '# ', '[', ']', '(u)', '`', '```\n', '\\'];
const FRAGMENTS = [...HANDLES, ...MARKS, 'Erlang', ' is', ' a', ' VM', '1', '虚', '😀', '\uD83D'];
const fragment = fc.constantFrom(...FRAGMENTS);
const raws = fc.array(fragment, { maxLength: 30 }).map((fragments) => fragments.join(''));

function cut(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...sorted, text.length].map((end, index) => text.slice(sorted[index - 1] ?? 0, end));
}

test('however a text is cut into pieces, the result is the same', () => {
  fc.assert(
    fc.property(raws, fc.array(fc.nat(400), { maxLength: 60 }), (raw, places) => {
      const { text, citations } = resolve(cut(raw, places));
      const whole = resolve([raw]);
      expect({ text, citations }).toEqual({ text: whole.text, citations: whole.citations });
    }),
    { numRuns: 2000 },
  );
});

function withoutHandles(text: string): string {
  return text.replace(/[[\]\d, ]/g, '');
}

test('nothing but handles is lost, and no citation reaches beyond what was given out', () => {
  fc.assert(
    fc.property(raws, fc.array(fc.nat(400), { maxLength: 60 }), (raw, places) => {
      const resolver = new HandleResolver(IDS);
      let given = '';
      let heldMost = 0;
      for (const piece of cut(raw, places)) {
        const { text, citations } = resolver.push(piece);
        given += text;
        heldMost = Math.max(heldMost, resolver.heldUnits);
        for (const { start, end } of citations) {
          expect(start).toBeLessThan(end);
          expect(end).toBeLessThanOrEqual(given.length);
          expect(given.slice(start, end)).toMatch(/[\p{L}\p{N}]/u);
        }
      }
      given += resolver.end().text;
      expect(withoutHandles(given)).toBe(withoutHandles(raw));
      expect(resolver.units).toBe(given.length);
      expect(heldMost).toBeLessThanOrEqual(33);
    }),
    { numRuns: 1000 },
  );
});

test('no piece that is given out ends in half a character', () => {
  const { texts } = resolve([...'a 😀 b 😀 [1].'].flatMap((character) => character.split('')));
  for (const text of texts) expect(text.isWellFormed()).toBe(true);
  expect(texts.join('')).toBe('a 😀 b 😀.');
});

test('a resolver that goes on from a sent text cites by offsets of the whole answer', () => {
  const { text, citations } = resolve([' a VM [1].'], 'First. Erlang is');
  expect(text).toBe(' a VM.');
  expect(citations).toEqual([{ source_id: 'a', start: 7, end: 21 }]);
});

test('what was held back is forgotten when another stream goes on', () => {
  const resolver = new HandleResolver(IDS);
  expect(resolver.push('It is so [1').text).toBe('It is so');
  expect(resolver.heldUnits).toBe(3);
  resolver.restart(['x']);
  expect(resolver.push(' [1].')).toEqual({ text: '.', citations: [{ source_id: 'x', start: 0, end: 8 }] });
});
