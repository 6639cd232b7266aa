import { describe, expect, test } from 'vitest';
import type { Source } from '#src/ports/answer.ts';
import { CONTINUATION } from '#src/rag/continuation.ts';
import { answerFigures } from '../../bench/faults/answers.ts';
import { differenceFromModel, differenceOf, expectedAnswer } from '../../bench/faults/text-account.ts';
import type { Asked, SeenFrame } from '../../bench/providers/conversation.ts';
import { jainIndex } from '../../bench/providers/fairness.ts';
import { makeDocuments, makeQuestion } from '../../bench/providers/material.ts';

const TEXT = 'The otter of river number 0 hides the ropes before sunrise. It sleeps at noon.';
const SOURCES: readonly Source[] = [{ id: 'a#0', document_id: 'a', title: 'Otters', uri: null, text: TEXT, score: 1, metadata: {} }];
const QUESTION = 'What does the otter of river number 0 do with the ropes?';
const ANSWER = 'The otter of river number 0 hides the ropes before sunrise.';
const NOTHING = { duplicated: 0, missing: 0 };

function differ(answer: string, isQuoted = false): object {
  return differenceFromModel({ question: QUESTION, sources: SOURCES, answer, isQuoted });
}

describe("Jain's index", () => {
  test('is 1 when all have the same, and 1/n when one has it all', () => {
    expect(jainIndex([3, 3, 3, 3])).toBeCloseTo(1);
    expect(jainIndex([0, 0, 0, 7])).toBeCloseTo(0.25);
  });
});

describe('the difference of two texts', () => {
  test.for([
    ['the same', 'the same', 0, 0],
    ['said said twice', 'said twice', 5, 0],
    ['a gap', 'a wide gap', 0, 5],
    ['abXYcd', 'abZcd', 2, 1],
    ['', 'all of it', 0, 9],
  ] as const)('of %j from %j is %i characters too many and %i too few', ([text, expected, duplicated, missing]) => {
    expect(differenceOf(text, expected)).toEqual({ duplicated, missing });
  });
});

describe('the difference from what a model says', () => {
  test('is nothing for the sentence of the first source without its handle', () => {
    expect(expectedAnswer(QUESTION, SOURCES)).toBe(ANSWER);
    expect(differ(ANSWER)).toEqual(NOTHING);
    expect(differ(ANSWER.replace('hides the', 'hides the the'))).toEqual({ duplicated: 4, missing: 0 });
  });

  test('counts only what was written before the quotes that stand for missing models', () => {
    const notice = `\n\n${CONTINUATION.notice}\n\n${TEXT}`;
    expect(differ(`The otter of${notice}`, true)).toEqual(NOTHING);
    expect(differ(`The otter of of${notice}`, true)).not.toEqual(NOTHING);
    expect(differ(TEXT, true)).toEqual(NOTHING);
  });
});

describe('the account of questions at failing providers', () => {
  const end = { type: 'answer-end', finish: 'stop', answer: ANSWER, sources: SOURCES, degraded: [] };
  const frames = [{ type: 'sources', sources: SOURCES }, { type: 'answer-delta', text: ANSWER.slice(0, 9) }, { type: 'answer-delta', text: ANSWER.slice(9) }];
  const asked = (changed: Partial<SeenFrame> = {}, endMs = 10): Asked => {
    const last = { ...end, ...changed };
    return { question: QUESTION, frames: [...frames, last], firstTokenMs: 5, endMs, end: last };
  };

  test('is clean for an answer in time', () => {
    expect(answerFigures([asked()], 1000)).toMatchObject({
      usable_share: 1, ended_share: 1, late_questions: 0, duplicated_characters: 0, missing_characters: 0,
    });
  });

  test.for([
    [{ finish: 'refused' }], [{ finish: 'cancelled' }], [{ answer: ' ' }], [{ sources: [] }], [{ type: 'answer-error' }],
  ])('has no use for one that ends with %j', ([changed]) => {
    expect(answerFigures([asked(changed)], 1000)).toMatchObject({ usable_share: 0, ended_share: 1 });
  });

  test('tells what never ended, what was late, and deltas that are not the answer', () => {
    const unended: Asked = { question: QUESTION, frames, firstTokenMs: 5, endMs: undefined, end: undefined };
    expect(answerFigures([unended, asked()], 1000)).toMatchObject({ ended_share: 0.5, late_questions: 1 });
    expect(answerFigures([asked({}, 1100), asked({}, 1101)], 1000)).toMatchObject({ late_questions: 1 });
    const short = { ...asked(), frames: [frames[0], frames[1], end] as SeenFrame[] };
    expect(answerFigures([short], 1000)).toMatchObject({ missing_characters: ANSWER.length - 9 });
  });
});

describe('the questions', () => {
  test('are never the same twice, and about what the documents say', () => {
    const documents = makeDocuments(3);
    const questions = Array.from({ length: 200 }, (_, n) => makeQuestion(n, 3));
    expect(new Set(questions).size).toBe(200);
    const [, subject = 'nothing'] = /^What does (the \w+ of \w+ number \d+) do/.exec(questions[20] ?? '') ?? [];
    expect(documents.map(({ text }) => text.toLowerCase()).join('\n')).toContain(subject);
  });
});
