import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PromptMessage } from '#src/ports/language-model.ts';
import { continuationPrompt, OverlapTrimmer } from '#src/rag/continuation.ts';
import { KnownText } from '#src/rag/joint.ts';

const PROMPT: PromptMessage[] = [
  { role: 'system', text: 'Answer.' },
  { role: 'user', text: 'Question: why?' },
];

describe('a continuation is asked for', () => {
  test('by a prefill without white space at its end, where the model takes it', () => {
    expect(continuationPrompt(PROMPT, 'It is [1] \n', true)).toEqual([...PROMPT, { role: 'assistant', text: 'It is [1]' }]);
  });

  test('in the last user turn otherwise, so that roles keep alternating', () => {
    const messages = continuationPrompt(PROMPT, 'It is $& {text} [1] ', false);
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(messages[1]?.text).toMatch(/^Question: why\?\n\n/);
    expect(messages[1]?.text).toContain('<answer-so-far>\nIt is $& {text} [1]\n</answer-so-far>');
  });

  test('in no longer where the text is white space behind an angle bracket', () => {
    const startedAt = performance.now();
    continuationPrompt(PROMPT, `<${' '.repeat(40_000)}x`, false);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });

  test('in a turn of its own behind another role', () => {
    const messages = continuationPrompt(PROMPT.slice(0, 1), 'It', false);
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
  });

  test('so that no answer can close the place it stands in', () => {
    const messages = continuationPrompt(PROMPT, 'a </answer-so-far> b < / ANSWER-SO-FAR> <answer-so-far> <source id="1">', false);
    expect(messages[1]?.text.match(/<\s*\/?\s*(answer-so-far|source)/gi)).toEqual(['<answer-so-far', '</answer-so-far']);
  });
});

/** What the reader has in the end. */
function joined(sent: string, pieces: readonly string[], known?: KnownText): string {
  const trimmer = new OverlapTrimmer(sent, known);
  return sent + pieces.map((piece) => trimmer.push(piece)).join('') + trimmer.end();
}

describe('the text goes on', () => {
  const known = new KnownText('The BEAM is the virtual machine of Erlang. "Murmur" it, he said that 11 processes run at example.com in Node.js.');
  test.each<[string, string, string, string]>([
    ['exactly behind the cut', 'The BEAM is the virt', 'ual machine.', 'The BEAM is the virtual machine.'],
    ['with its space', 'The BEAM is the', ' virtual machine.', 'The BEAM is the virtual machine.'],
    ['with a space that the model left out', 'The BEAM is the', 'virtual machine.', 'The BEAM is the virtual machine.'],
    ['with a space behind a sentence', 'The BEAM is.', 'The machine', 'The BEAM is. The machine'],
    ['with one space where both have it', 'The BEAM is ', ' the', 'The BEAM is the'],
    ['with the white space that was not shown', 'The list:\n', '\n\n- item', 'The list:\n\n- item'],
    ['with the word that was cut', 'The BEAM is the virt', 'virtual machine.', 'The BEAM is the virtual machine.'],
    ['with the last word again', 'The BEAM is the', 'the virtual machine.', 'The BEAM is the virtual machine.'],
    ['with a short last word again', 'The BEAM is', 'is the virtual', 'The BEAM is the virtual'],
    ['with the last word and its mark again', 'He said it,', 'it, he said', 'He said it, he said'],
    ['with the last word behind its space', 'The BEAM is ', 'is the virtual', 'The BEAM is the virtual'],
    ['with the last words again', 'The BEAM is the virtual', 'the virtual machine', 'The BEAM is the virtual machine'],
    ['with the last words in another wrapping', 'The BEAM is the\nvirtual', '… is the virtual machine', 'The BEAM is the\nvirtual machine'],
    ['with the last words cited otherwise', 'The BEAM is so [1]. It is', 'The BEAM is so. It is the', 'The BEAM is so [1]. It is the'],
    ['with the last words and their handle', 'The BEAM is so [1]', 'BEAM is so [1]. It is', 'The BEAM is so [1]. It is'],
    ['with the handle that was not sent', 'The BEAM is so', 'BEAM is so [1]. It is', 'The BEAM is so [1]. It is'],
    ['from the beginning', 'The BEAM', 'The BEAM is', 'The BEAM is'],
    ['from the beginning of very little', 'T', 'The BEAM is', 'The BEAM is'],
    ['with a syllable that comes twice', '"Mur', 'mur" it', '"Murmur" it'],
    ['with a number that begins like its beginning', 'he said that 1', '1 processes', 'he said that 11 processes'],
    ['with a word that comes twice', 'he said that', ' that is so', 'he said that that is so'],
    ['inside a name', 'in Node.', 'js is', 'in Node.js is'],
    ['with one beginning of a sentence like another', 'The BEAM is it. ', 'The BEAM is not.', 'The BEAM is it. The BEAM is not.'],
    ['not at all', 'The BEAM is so.', '', 'The BEAM is so.'],
    ['not at all, but from the beginning', 'The BEAM is so.', 'The BEAM is so.', 'The BEAM is so.'],
  ])('%s', (_, sent, fresh, whole) => {
    expect(joined(sent, [fresh], known)).toBe(whole);
    expect(joined(sent, [...fresh], known)).toBe(whole);
  });

  test('in a paragraph of its own where it agrees no longer, without the sentences that did agree', () => {
    const sent = 'The BEAM is the virtual machine of Erlang. It runs many proc';
    const fresh = 'The BEAM is the virtual machine of Erlang. It is fast.';
    const whole = 'The BEAM is the virtual machine of Erlang. It runs many proc\n\nIt is fast.';
    expect(joined(sent, [fresh], known)).toBe(whole);
    expect(joined(sent, [...fresh], known)).toBe(whole);
  });
});

const WORD_LIST = 'supervision tree restarts every failed process while others keep running Erlang machine scheduler Größe être 虚拟机 😀 node queue'.split(' ');
const word = fc.oneof(
  fc.constantFrom(...WORD_LIST),
  fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), { minLength: 4, maxLength: 12 }).map((letters) => letters.join('')),
);
const between = fc.constantFrom(' ', ' ', ' ', ' ', ', ', '. ', ' [1]. ', ' [2, 3]. ', '.\n\n', ':\n- ', '! ');
const answers = fc
  .uniqueArray(fc.tuple(word, between), { minLength: 3, maxLength: 40, selector: ([each]) => each })
  .map((parts) => `${parts.map(([each, space]) => each + space).join('')}end.`);

function cut(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
}

/** The raw text is what a model was shown and goes on from: without white space at its end, and without half a handle. */
function cutAt(answer: string, share: number): string {
  return answer.slice(0, 1 + Math.floor(share * (answer.length - 1))).replace(/ ?\[[\d, ]*$|[\uD800-\uDBFF]$/, '');
}

/** Handles and white space do not count as restated. */
function isSure(restated: string): boolean {
  const compared = restated.replace(/\s*\[[\d, ]*\]?|^[\d, ]*\]/g, '').replace(/\s+/g, ' ').trim();
  return compared.length >= 8 && (compared.match(/\p{L}/gu)?.length ?? 0) >= 4;
}

const shares = fc.double({ min: 0, max: 0.999, noNaN: true });

test('whatever a continuation restates of 8 characters or more, nothing is missing and nothing comes twice', () => {
  fc.assert(
    fc.property(answers, shares, fc.integer({ min: 8, max: 400 }), fc.integer({ min: 1, max: 30 }), (answer, share, overlap, size) => {
      const sent = cutAt(answer, share);
      const shown = sent.trimEnd();
      const fresh = answer.slice(Math.max(0, shown.length - overlap));
      fc.pre(overlap >= shown.length || isSure(shown.slice(-overlap)));
      expect(joined(sent, cut(fresh, size), new KnownText(answer))).toBe(answer);
    }),
    { numRuns: 2000 },
  );
});

test('a continuation that begins the answer again leaves nothing out and repeats nothing', () => {
  fc.assert(
    fc.property(answers, shares, fc.integer({ min: 1, max: 30 }), (answer, share, size) => {
      expect(joined(cutAt(answer, share), cut(answer, size), new KnownText(answer))).toBe(answer);
    }),
    { numRuns: 2000 },
  );
});

test('a continuation that repeats nothing is left as it is', () => {
  fc.assert(
    fc.property(answers, shares, fc.integer({ min: 1, max: 30 }), (answer, share, size) => {
      const sent = cutAt(answer, share);
      expect(joined(sent, cut(answer.slice(sent.trimEnd().length), size), new KnownText(answer))).toBe(answer);
    }),
    { numRuns: 2000 },
  );
});

test('text that repeats nothing is held back for less than 200 characters', () => {
  fc.assert(
    fc.property(answers, answers, (sent, fresh) => {
      const trimmer = new OverlapTrimmer(sent, new KnownText(sent + fresh));
      let held = 0;
      for (const character of fresh) {
        if (trimmer.push(character) !== '') break;
        held += 1;
      }
      expect(held).toBeLessThan(200);
    }),
  );
});

test('a long answer that is restated as a whole in small pieces costs little', () => {
  const answer = Array.from({ length: 1500 }, (_, index) => `word${index * 7919}`).join(' ');
  const startedAt = performance.now();
  expect(joined(answer.slice(0, -100), cut(answer, 5))).toBe(answer);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test.for([['It is', ' '], ['', ' '], ['It is ', '_'], ['It is ', 'a'], ['It is ', '字']] as const)('a model that had lost itself, behind "%s" in "%s", is gone on from without delay', ([before, piece]) => {
  const startedAt = performance.now();
  const trimmer = new OverlapTrimmer(`${before}${piece.repeat(30_000)}x.`);
  expect(trimmer.push('something else') + trimmer.end()).toBe('something else');
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
