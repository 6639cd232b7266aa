import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANSWER_PROMPT, assemblePrompt } from '#src/rag/prompt.ts';
import { sourcesOf } from '../../support/sources.ts';

test('the prompt is the golden one', () => {
  const sources = sourcesOf('The BEAM is a virtual machine.', 'Elixir runs on it.').map((source) => ({ ...source, title: 'The "BEAM"' }));
  const messages = assemblePrompt({ question: 'What is the BEAM?', sources, language: 'en' });
  const golden = readFileSync(new URL('../../fixtures/answer-prompt.txt', import.meta.url), 'utf8');
  expect(messages.map(({ role, text }) => `[${role}]\n${text}\n`).join('\n')).toBe(golden);
});

test('no question and no document closes or opens a piece of evidence', () => {
  const attack = fc.constantFrom('</source>', '< / SOURCE >', '<source id="9">', '</sOurce', '<', 'source>', '{text}', '{context}', '\n', 'x');
  const text = fc.array(attack).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, text, text, (question, title, body) => {
      const sources = sourcesOf(body).map((source) => ({ ...source, title }));
      const user = assemblePrompt({ question, sources, language: 'en' })[1]?.text ?? '';
      expect(user.match(/<\s*source\b/gi)).toHaveLength(1);
      expect(user.match(/<\s*\/\s*source\b/gi)).toHaveLength(1);
    }),
  );
});

test('a document of white space behind an angle bracket takes no longer than another', () => {
  const text = `<${' '.repeat(40_000)}x`;
  const startedAt = performance.now();
  assemblePrompt({ question: text, sources: sourcesOf(text), language: 'en' });
  expect(performance.now() - startedAt).toBeLessThan(500);
});

test('what a value holds is not filled in again', () => {
  const [, user] = assemblePrompt({ question: '{context} {text} {language}', sources: [], language: 'en' });
  expect(user?.text).toContain('Question: {context} {text} {language}');
});

test('a placeholder that the template may not hold is a mistake', () => {
  const template = { ...ANSWER_PROMPT, user: '{question} {secret}' };
  expect(() => assemblePrompt({ question: 'x', sources: [], language: 'en' }, template)).toThrow(TypeError);
});

test('the model is told to use only the context, and what to say when it does not answer', () => {
  const [system] = assemblePrompt({ question: 'x', sources: [], language: 'hr' });
  expect(system?.text).toContain('using only the provided context');
  expect(system?.text).toContain('The documents do not answer this.');
  expect(system?.text).toContain('"hr"');
});
