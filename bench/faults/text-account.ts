import { assemblePrompt } from '#src/rag/prompt.ts';
import { CONTINUATION } from '#src/rag/continuation.ts';
import type { Source } from '#src/ports/answer.ts';
import { answerTokens } from '../../test/support/emulators/answers.ts';

/** Characters that one text has and the other has not. */
export interface Difference {
  readonly duplicated: number;
  readonly missing: number;
}

/** What a text has beyond the expected one, and lacks of it, between what both begin and end with. */
export function differenceOf(text: string, expected: string): Difference {
  const shorter = Math.min(text.length, expected.length);
  let start = 0;
  while (start < shorter && text[start] === expected[start]) start += 1;
  let end = 0;
  while (end < shorter - start && text.at(-1 - end) === expected.at(-1 - end)) end += 1;
  return { duplicated: text.length - start - end, missing: expected.length - start - end };
}

/** What every emulated model says to a question with this evidence, its handles resolved. */
export function expectedAnswer(question: string, sources: readonly Source[]): string {
  const tokens = answerTokens(assemblePrompt({ question, sources, language: 'en' }));
  return tokens.join('').replace(/ \[\d+\]/g, '');
}

export interface WrittenText {
  readonly question: string;
  /** As the frame `sources` told them. */
  readonly sources: readonly Source[];
  readonly answer: string;
  /** Whether quotes stand for a model that did not answer, or did not end its answer. */
  readonly isQuoted: boolean;
}

/** How an answer differs from what a model would have said that nobody interrupted. Quotes are no model's text. */
export function differenceFromModel({ question, sources, answer, isQuoted }: WrittenText): Difference {
  const expected = expectedAnswer(question, sources);
  if (!isQuoted) return differenceOf(answer, expected);
  const noticeAt = [CONTINUATION.notice, CONTINUATION.noticeWithoutQuotes].map((notice) => answer.indexOf(`\n\n${notice}`)).find((at) => at !== -1);
  if (noticeAt === undefined) return { duplicated: 0, missing: 0 };
  return differenceOf(answer.slice(0, noticeAt), expected.slice(0, noticeAt));
}
