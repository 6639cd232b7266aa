import { describe, expect, test } from 'vitest';
import { titleOf } from '#src/rag/title.ts';

describe('title', () => {
  test.each([
    ['# The title\n\ntext', 'file.md', 'The title'],
    ['intro\n\n## Two\n\n# First of level one #', 'file.md', 'First of level one'],
    ['# `Code` and *stars*', 'file.md', 'Code and stars'],
    ['```\n# comment\n```\n\n# Real', 'file.md', 'Real'],
    ['---\ntitle: "From front matter"\n---\n\ntext', 'file.md', 'From front matter'],
    ['---\ntitle: Front\n---\n# Heading', 'file.md', 'Heading'],
    ['no heading', 'guide.md', 'guide'],
    ['no heading', 'notes.txt', 'notes.txt'],
    ['#\n\ntext', 'guide.md', 'guide'],
    ['', 'guide.MD', 'guide'],
  ])('of %j in %j is %j', (text, fallback, expected) => {
    expect(titleOf(text, fallback)).toBe(expected);
  });

  test('is at most 200 units long and well-formed', () => {
    const title = titleOf(`# ${'🦆'.repeat(300)}`, 'x');
    expect(title.length).toBeLessThanOrEqual(200);
    expect(title.isWellFormed()).toBe(true);
  });
});
