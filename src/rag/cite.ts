import type { Citation } from '#src/ports/answer.ts';
import type { Quote } from './extract.ts';

const BETWEEN_QUOTES = '\n\n';

export interface CitedAnswer {
  readonly answer: string;
  readonly citations: readonly Citation[];
}

/** Makes an answer of quotes: each is a paragraph, word for word, with a citation of exactly its own text. */
export function answerFromQuotes(quotes: readonly Quote[]): CitedAnswer {
  const citations: Citation[] = [];
  let answer = '';
  for (const { source_id, text } of quotes) {
    if (answer !== '') answer += BETWEEN_QUOTES;
    citations.push({ source_id, start: answer.length, end: answer.length + text.length });
    answer += text;
  }
  return { answer, citations };
}
