import { expect, test } from 'vitest';
import { AnswerDraft } from '#agents/query/answer-draft.ts';
import { QUESTION, SOURCES } from './scripted-answers.ts';

test('a text that is one endless word is gone on from without delay', () => {
  const startedAt = performance.now();
  const sentText = `${'a'.repeat(100_000)} b`;
  const sink = { text: sentText, units: sentText.length, addText: () => undefined, addCitation: () => undefined };
  new AnswerDraft(sink, sentText).begin(QUESTION, SOURCES);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
