import { describe, expect, test } from 'vitest';
import { checkChunking, chunkMarkdown, parseChunking } from '#src/rag/chunk.ts';
import { countTokens } from '#src/rag/tokens.ts';

const small = { chunkSize: 16, overlap: 4 };

describe('chunks of a Markdown document', () => {
  test('a heading begins a chunk, and the path of headings goes with it', () => {
    const text = '# Guide\n\nIntro.\n\n## Setup `now`\n\nDo it.\n\n### Deep\n\nMore.\n\n## Use\n\nGo.\n';
    expect(chunkMarkdown(text, small).map(({ headings, text: chunk }) => [headings, chunk])).toEqual([
      [['Guide'], '# Guide\n\nIntro.'],
      [['Guide', 'Setup now'], '## Setup `now`\n\nDo it.'],
      [['Guide', 'Setup now', 'Deep'], '### Deep\n\nMore.'],
      [['Guide', 'Use'], '## Use\n\nGo.'],
    ]);
  });

  test('a heading with nothing below it goes with what follows', () => {
    const chunks = chunkMarkdown('# Guide\n\n## Setup\n\nDo it.', small);
    expect(chunks.map((chunk) => chunk.headings)).toEqual([['Guide', 'Setup']]);
  });

  test('a heading of a higher level ends the path of deeper ones', () => {
    const chunks = chunkMarkdown('### Deep\n\na\n\n# Top\n\nb', small);
    expect(chunks.map((chunk) => chunk.headings)).toEqual([['Deep'], ['Top']]);
  });

  test('a section that fits is one chunk, cut at paragraphs otherwise', () => {
    const paragraphs = ['One two three four five six.', 'Seven eight nine ten.', 'Eleven twelve thirteen.'];
    expect(chunkMarkdown(paragraphs.join('\n\n'), { chunkSize: 15, overlap: 0 }).map((chunk) => chunk.text)).toEqual([
      `${paragraphs[0]}\n\n${paragraphs[1]}`,
      paragraphs[2],
    ]);
  });

  test('a paragraph that is too large is cut between sentences', () => {
    const text = 'One two three four five. Six seven eight nine. Ten eleven twelve.';
    expect(chunkMarkdown(text, { chunkSize: 8, overlap: 0 }).map((chunk) => chunk.text)).toEqual([
      'One two three four five.',
      'Six seven eight nine.',
      'Ten eleven twelve.',
    ]);
  });

  test('a code fence is never cut, and one longer than chunkSize is a chunk of its own', () => {
    const code = `\`\`\`js\n${'call(1);\n'.repeat(20)}\`\`\``;
    const chunks = chunkMarkdown(`Before it.\n\n${code}\n\nAfter it, words.`, small);
    expect(chunks.map((chunk) => chunk.text)).toEqual(['Before it.', code, 'After it, words.']);
    expect(chunks[1]?.tokenCount).toBeGreaterThan(small.chunkSize);
  });

  test('an overlap that would cut a code fence begins after it', () => {
    const text = `\`\`\`\na b c d\n\`\`\`\n\n${'word '.repeat(8)}\n\n${'next '.repeat(8)}`;
    for (const chunk of chunkMarkdown(text, { chunkSize: 20, overlap: 10 })) {
      expect(chunk.text.split('```').length - 1).not.toBe(1);
    }
  });

  test('a table that fits chunkSize is whole, a longer one is cut between rows', () => {
    const rows = Array.from({ length: 9 }, (_, index) => `| ${index} | x |`);
    const whole = chunkMarkdown(`Some words before.\n\n${rows.slice(0, 3).join('\n')}`, { chunkSize: 16, overlap: 8 });
    expect(whole.some((chunk) => chunk.text.endsWith(rows.slice(0, 3).join('\n')))).toBe(true);
    for (const chunk of chunkMarkdown(rows.join('\n'), { chunkSize: 16, overlap: 0 })) {
      expect(chunk.text).toMatch(/^\|.*\|$/s);
    }
  });

  test.each(['', ' \n\t\r\n '])('%j has no chunk', (text) => {
    expect(chunkMarkdown(text, small)).toEqual([]);
  });

  test.each([
    ['one word', 'x'.repeat(1_000_000)],
    ['words', 'word '.repeat(200_000)],
    ['stops', '.'.repeat(1_000_000)],
    ['backticks', '`'.repeat(1_000_000)],
    ['brackets', '['.repeat(1_000_000)],
    ['blanks', `# ${' '.repeat(1_000_000)}x`],
    ['headings', '# a\n'.repeat(250_000)],
    ['fences', '> ```\n'.repeat(150_000)],
    ['lone surrogates', '\uD83E'.repeat(1_000_000)],
  ])('a megabyte of %s is cut in linear time', (_, text) => {
    const startedAt = performance.now();
    chunkMarkdown(text, { chunkSize: 512, overlap: 50 });
    expect(performance.now() - startedAt).toBeLessThan(4000);
  });
});

describe('chunking sizes', () => {
  test('default to 512 and 50', () => {
    expect(parseChunking({})).toEqual({ chunkSize: 512, overlap: 50 });
    expect(parseChunking({ chunk_size: 20 })).toEqual({ chunkSize: 20, overlap: 10 });
    expect(parseChunking({ chunk_size: 1, overlap: 0 })).toEqual({ chunkSize: 1, overlap: 0 });
  });

  test.each([
    [{ chunk_size: 0 }, 'chunk_size'],
    [{ chunk_size: -1 }, 'chunk_size'],
    [{ chunk_size: 1.5 }, 'chunk_size'],
    [{ chunk_size: 1e9 }, 'chunk_size'],
    [{ chunk_size: '512' }, 'chunk_size'],
    [{ chunk_size: null }, 'chunk_size'],
    [{ overlap: -1 }, 'overlap'],
    [{ overlap: 257 }, 'overlap'],
    [{ overlap: Number.NaN }, 'overlap'],
    [{ chunk_size: 10, overlap: 10 }, 'overlap'],
  ])('%j is refused by the name of its field', (request, field) => {
    expect(() => parseChunking(request)).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', details: [expect.objectContaining({ field })] }),
    );
  });

  test('are checked before anything is cut', () => {
    expect(() => chunkMarkdown('text', { chunkSize: 10, overlap: 6 })).toThrow('expected overlap to be');
    expect(checkChunking({ chunkSize: 10, overlap: 5 })).toEqual({ chunkSize: 10, overlap: 5 });
  });

  test('a chunk counts the tokens of its text', () => {
    for (const chunk of chunkMarkdown('One two, three. '.repeat(20), small)) {
      expect(chunk.tokenCount).toBe(countTokens(chunk.text));
    }
  });
});
