import { describe, expect, test } from 'vitest';
import { findStatements } from '#src/rag/statements.ts';

function statementsOf(text: string): string[] {
  return findStatements(text).map(({ kind, start, end }) => `${kind}: ${text.slice(start, end)}`);
}

describe('statements', () => {
  test('sentences, list items, rows and code can be quoted; headings and rules cannot', () => {
    const text = '# Head\n\nOne. Two.\n\n- item one. Still one.\n1. [x] done\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n\n```\ncode\n```\n';
    expect(statementsOf(text)).toEqual([
      'sentence: One.',
      'sentence: Two.',
      'item: item one. Still one.',
      'item: done',
      'row: | 1 | 2 |',
      'code: ```\ncode\n```',
    ]);
  });

  test('a long list item is quoted by its sentences', () => {
    const item = `${'Long words '.repeat(20)}end. ${'Other words '.repeat(20)}end.`;
    expect(findStatements(`- ${item}`).map((each) => each.kind)).toEqual(['sentence', 'sentence']);
  });

  test('a quote begins without its marker', () => {
    expect(statementsOf('> Quoted words.')).toEqual(['sentence: Quoted words.']);
  });

  test('each knows the headings above it, without markup', () => {
    const headings = findStatements('# A\n\nx one.\n\n## `B`\n\ny two.\n\n# C\n\nz three.').map((each) => each.heading);
    expect(headings).toEqual(['A', 'A\nB', 'C']);
  });

  test('what has no word for a reader is no statement', () => {
    expect(statementsOf('<a id="anchor"></a>\n\n![](image.png)\n\n***\n\n---')).toEqual([]);
  });
});
