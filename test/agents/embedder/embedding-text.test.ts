import { describe, expect, test } from 'vitest';
import { embeddingText } from '#agents/embedder/embedding-text.ts';

describe('the text that is embedded', () => {
  test.for<[string, string, string[], string, string]>([
    ['names title and headings, outermost first', 'Handbook', ['Work', 'Leave'], 'Thirty days.', 'Handbook > Work > Leave\n\nThirty days.'],
    ['says a title that is the first heading once', 'Handbook', ['Handbook', 'Leave'], 'Thirty days.', 'Handbook > Leave\n\nThirty days.'],
    ['does not repeat the heading that the chunk begins with', 'Handbook', ['Leave'], '## Leave\n\nThirty days.', 'Handbook\n\n## Leave\n\nThirty days.'],
    ['is the chunk itself where there is nothing above it', '', [' '], 'Thirty days.', 'Thirty days.'],
  ])('%s', ([, title, headings, text, expected]) => {
    expect(embeddingText({ title, headings, text })).toBe(expected);
  });
});
