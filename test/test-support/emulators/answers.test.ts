import { describe, expect, test } from 'vitest';
import { continuationPrompt } from '#src/rag/continuation.ts';
import type { PromptMessage } from '#src/ports/language-model.ts';
import { answerTokens, tokensOf } from '../../support/emulators/answers.ts';
import { embedText } from '../../support/emulators/embedding.ts';
import { EXAMPLE_ANSWER, examplePrompt } from '../../support/emulators/example-prompt.ts';

function prompt(): PromptMessage[] {
  const { system, user } = examplePrompt();
  return [{ role: 'system', text: system }, { role: 'user', text: user }];
}

function said(turns: readonly PromptMessage[]): string {
  return answerTokens(turns).join('');
}

describe('an emulated answer', () => {
  test('is the sentence of the first source that fits the question best, cited, in several tokens', () => {
    expect(said(prompt())).toBe(EXAMPLE_ANSWER);
    expect(answerTokens(prompt()).length).toBeGreaterThan(5);
  });

  test('is the refusal that the prompt asks for when there is no source', () => {
    expect(said([{ role: 'system', text: 'If not, reply with exactly this sentence: I cannot say. Be brief.' }, { role: 'user', text: 'Question: x\n\nContext:\n' }])).toBe('I cannot say.');
  });

  test('goes on after every prefix of itself that a last turn of the assistant ends with', () => {
    for (let length = 1; length < EXAMPLE_ANSWER.length; length += 1) {
      const soFar = EXAMPLE_ANSWER.slice(0, length);
      expect(soFar.trimEnd() + said(continuationPrompt(prompt(), soFar, true))).toBe(EXAMPLE_ANSWER);
    }
  });

  test('goes on after every prefix that a user turn quotes, now and then with its last words again', () => {
    let repeating = 0;
    for (let length = 1; length < EXAMPLE_ANSWER.length; length += 1) {
      const soFar = EXAMPLE_ANSWER.slice(0, length).trimEnd();
      const continuation = said(continuationPrompt(prompt(), soFar, false));
      const rest = EXAMPLE_ANSWER.slice(soFar.length);
      const repeated = continuation.slice(0, continuation.length - rest.length);
      expect(continuation.endsWith(rest) && soFar.endsWith(repeated)).toBe(true);
      if (repeated !== '') repeating += 1;
    }
    expect(repeating).toBeGreaterThan(10);
    expect(repeating).toBeLessThan(EXAMPLE_ANSWER.length - 10);
  });

  test('has nothing left to say after itself but what it repeats', () => {
    expect(said(continuationPrompt(prompt(), EXAMPLE_ANSWER, true))).toBe('');
  });
});

test('tokens join to the text that they come from', () => {
  for (const text of ['', ' ', 'a  b\n', 'Straßenbahnhaltestelle 🌳🌳🌳🌳🌳🌳🌳 ende. ']) expect(tokensOf(text).join('')).toBe(text);
});

describe('an emulated embedding', () => {
  test('has unit length at any dimension, also of a text without words', () => {
    for (const dimension of [1, 128, 1024, 3072]) {
      for (const text of ['', '…', 'the gate closes', 'x '.repeat(1000)]) expect(Math.hypot(...embedText(text, dimension))).toBeCloseTo(1, 10);
    }
  });

  test('is nearest to the text that shares its words', () => {
    const question = embedText('When does the gate close?', 1024);
    const dot = (text: string) => embedText(text, 1024).reduce((sum, value, index) => sum + value * (question[index] ?? 0), 0);
    expect(dot('The gates close at nine in the evening.')).toBeGreaterThan(0.4);
    expect(Math.abs(dot('A library lends books for two weeks.'))).toBeLessThan(0.2);
  });
});
