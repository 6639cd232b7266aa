import { describe, expect, test } from 'vitest';
import { parseBlocks, plainText } from '#src/rag/markdown.ts';

function shapeOf(text: string): string[] {
  return parseBlocks(text).map((block) => `${block.kind} ${JSON.stringify(text.slice(block.start, block.end))}`);
}

describe('blocks', () => {
  test('headings, paragraphs, list items and tables are blocks of their own', () => {
    const text = '# One #\ntext\nmore\n\n- a\n  b\n- c\n\n| x |\n|---|\n| 1 |\n';
    expect(shapeOf(text)).toEqual([
      'heading "# One #"',
      'paragraph "text\\nmore"',
      'list_item "- a\\n  b"',
      'list_item "- c"',
      'table "| x |\\n|---|\\n| 1 |"',
    ]);
  });

  test.each([
    ['backticks', '```js\n# no heading\n```'],
    ['tildes', '~~~\n```\n~~~'],
    ['longer than what it holds', '````\n```\ncode\n```\n````'],
    ['unclosed', '```\ncode\n\n# still code'],
    ['indented in a list item', '- item\n\n    ```\n    code\n    ```'],
    ['in a list item', '1. ```\n   code\n   ```'],
    ['in a quote', '> ```\n> code\n> ```'],
    ['with CRLF', '```\r\ncode\r\n```'],
  ])('a code fence is one block: %s', (_, text) => {
    const fence = parseBlocks(text).at(-1);
    expect(fence?.kind).toBe('fence');
    expect(fence?.end).toBe(text.length);
  });

  test('an unclosed fence in a quote ends with the quote', () => {
    expect(shapeOf('> ```\n> code\n\ntext')).toEqual(['fence "> ```\\n> code"', 'paragraph "text"']);
  });

  test('marks indented like code, outside of a list, open no fence', () => {
    expect(shapeOf('    ```\n\ntext')).toEqual(['code "    ```"', 'paragraph "text"']);
  });

  test('inline code of three backticks opens no fence', () => {
    expect(shapeOf('```a``` b\n\nc')).toEqual(['paragraph "```a``` b"', 'paragraph "c"']);
  });

  test('a paragraph above a line of = or - is a heading', () => {
    const blocks = parseBlocks('One\n===\n\nTwo\n---\ntext');
    expect(blocks.map(({ kind, level, title }) => [kind, level, title])).toEqual([
      ['heading', 1, 'One'],
      ['heading', 2, 'Two'],
      ['paragraph', 0, ''],
    ]);
  });

  test('front matter is no heading', () => {
    expect(shapeOf('---\ntitle: x\n---\ntext')).toEqual(['front_matter "---\\ntitle: x\\n---"', 'paragraph "text"']);
    expect(shapeOf('---\nno end')[0]).toBe('paragraph "---\\nno end"');
  });

  test.each(['####### seven', '#tag', '\\# escaped'])('%j is no heading', (text) => {
    expect(parseBlocks(text)[0]?.kind).toBe('paragraph');
  });

  test('a heading of any length has a title of at most 200 units', () => {
    expect(parseBlocks(`# ${'word '.repeat(100_000)}`)[0]?.title.length).toBeLessThanOrEqual(200);
  });
});

describe('plain text', () => {
  test.each([
    ['see [the *guide*](guide.md "title") now', 'see the guide now'],
    ['![image](a.png)', 'image'],
    ['a [link][ref] and `code`', 'a link and code'],
    ['**bold** and _kept_snake_case_', 'bold and _kept_snake_case_'],
    ['<a id="x"></a>text {: .note}', 'text'],
    ['two\n  lines', 'two lines'],
    ['2 * 3 < 4', '2 * 3 < 4'],
  ])('%j reads %j', (markdown, expected) => {
    expect(plainText(markdown)).toBe(expected);
  });
});
