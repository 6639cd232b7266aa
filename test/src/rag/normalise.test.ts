import { expect, test } from 'vitest';
import { normaliseQuestion } from '#src/rag/normalise.ts';

test.each([
  ['  What\tis\r\n it? ', 'What is it?'],
  ['cafe\u0301', 'café'],
  ['a\u00A0b', 'a b'],
  ['What Is It', 'What Is It'],
  [' \n', ''],
])('%j is normalised to %j', (question, expected) => {
  expect(normaliseQuestion(question)).toBe(expected);
  expect(normaliseQuestion(expected)).toBe(expected);
});
