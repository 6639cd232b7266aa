import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkMarkdown } from '#src/rag/chunk.ts';
import type { Chunk } from '#src/rag/chunk.ts';
import { parseBlocks } from '#src/rag/markdown.ts';
import { countTokens } from '#src/rag/tokens.ts';

const sentence = fc
  .array(fc.constantFrom('word', 'Ünï', '日本語', '🦆', '`code`', 'e.g.', '3.14', '\uD83E', 'x'.repeat(80), ','), { minLength: 1, maxLength: 12 })
  .map((words) => `${words.join(' ')}.`);
const paragraph = fc.array(sentence, { minLength: 1, maxLength: 6 }).map((sentences) => sentences.join(' '));
const fence = fc
  .tuple(fc.constantFrom('```', '~~~', '````'), fc.array(sentence, { maxLength: 4 }), fc.boolean())
  .map(([mark, lines, isClosed]) => `${mark}js\n${lines.join('\n')}\n${isClosed ? mark : ''}`);
const table = fc.array(fc.tuple(sentence, sentence), { minLength: 1, maxLength: 6 }).map((rows) => rows.map((row) => `| ${row.join(' | ')} |`).join('\n'));
const heading = fc.tuple(fc.integer({ min: 1, max: 6 }), sentence).map(([level, title]) => `${'#'.repeat(level)} ${title}`);
const item = paragraph.map((text) => `- ${text}`);
const nasty = fc.string({ unit: 'binary', maxLength: 30 });
const block = fc.oneof({ weight: 4, arbitrary: paragraph }, fence, table, heading, item, nasty, fc.constant('---'), fc.constant('> ```'));
const document = fc
  .tuple(fc.array(block, { maxLength: 12 }), fc.constantFrom('\n\n', '\n', '\r\n\r\n', '\r\n'))
  .map(([blocks, separator]) => blocks.join(separator));
const chunking = fc
  .integer({ min: 1, max: 60 })
  .chain((chunkSize) => fc.record({ chunkSize: fc.constant(chunkSize), overlap: fc.integer({ min: 0, max: Math.floor(chunkSize / 2) }) }));

/** Where each fence stands, without the white space around it. */
function fencesOf(text: string): { start: number; end: number }[] {
  const fences = parseBlocks(text).filter((each) => each.kind === 'fence');
  return fences.map(({ start, end }) => {
    const body = text.slice(start, end);
    return { start: end - body.trimStart().length, end: start + body.trimEnd().length };
  });
}

function overlapOf(text: string, first: Chunk, second: Chunk): number {
  return second.start >= first.end ? 0 : countTokens(text.slice(second.start, first.end));
}

describe('for every document and every chunking', () => {
  test('a chunk is a slice of the document and counts its tokens', () => {
    fc.assert(
      fc.property(document, chunking, (text, sizes) => {
        for (const chunk of chunkMarkdown(text, sizes)) {
          expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
          expect(chunk.tokenCount).toBe(countTokens(chunk.text));
          expect(chunk.tokenCount).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('the chunks together hold all of the text but white space', () => {
    fc.assert(
      fc.property(document, chunking, (text, sizes) => {
        let end = 0;
        for (const chunk of chunkMarkdown(text, sizes)) {
          expect(text.slice(end, Math.max(end, chunk.start)).trim()).toBe('');
          expect(chunk.end).toBeGreaterThan(end);
          end = chunk.end;
        }
        expect(text.slice(end).trim()).toBe('');
      }),
    );
  });

  test('no chunk is larger than chunkSize but a single code fence', () => {
    fc.assert(
      fc.property(document, chunking, (text, sizes) => {
        const fences = fencesOf(text);
        for (const chunk of chunkMarkdown(text, sizes)) {
          const isFence = fences.some((each) => each.start === chunk.start && each.end === chunk.end);
          expect(chunk.tokenCount <= sizes.chunkSize || isFence).toBe(true);
        }
      }),
    );
  });

  test('no chunk begins or ends inside a code fence', () => {
    fc.assert(
      fc.property(document, chunking, (text, sizes) => {
        for (const { start, end } of fencesOf(text)) {
          for (const chunk of chunkMarkdown(text, sizes)) {
            expect(chunk.start <= start || chunk.start >= end).toBe(true);
            expect(chunk.end <= start || chunk.end >= end).toBe(true);
          }
        }
      }),
    );
  });

  test('no surrogate pair is cut', () => {
    fc.assert(
      fc.property(document, chunking, (text, sizes) => {
        const wellFormed = text.toWellFormed();
        expect(chunkMarkdown(wellFormed, sizes).every((chunk) => chunk.text.isWellFormed())).toBe(true);
      }),
    );
  });

  test('neighbours overlap by at most overlap tokens, and the same input gives the same chunks', () => {
    fc.assert(
      fc.property(document, chunking, (text, sizes) => {
        const chunks = chunkMarkdown(text, sizes);
        for (const [index, chunk] of chunks.slice(1).entries()) {
          expect(overlapOf(text, chunks[index] as Chunk, chunk)).toBeLessThanOrEqual(sizes.overlap);
        }
        expect(chunkMarkdown(text, sizes)).toEqual(chunks);
      }),
    );
  });
});

test('without fences, tables and headings, neighbours overlap by exactly overlap tokens', () => {
  const prose = fc.array(fc.oneof(paragraph, item), { maxLength: 12 }).map((blocks) => blocks.join('\n\n'));
  fc.assert(
    fc.property(prose, chunking, (text, sizes) => {
      const chunks = chunkMarkdown(text, sizes);
      for (const [index, chunk] of chunks.slice(1).entries()) {
        expect(overlapOf(text, chunks[index] as Chunk, chunk)).toBe(sizes.overlap);
      }
    }),
  );
});
