import type { Citation, Source } from '#src/ports/answer.ts';
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

/** Finds the citations whose slice of the answer is empty or does not stand, word for word, in the source they name. */
export function findFalseCitations({ answer, citations }: CitedAnswer, sources: readonly Source[]): Citation[] {
  const texts = new Map(sources.map((source) => [source.id, source.text]));
  return citations.filter(({ source_id, start, end }) => {
    const isRange = Number.isInteger(start) && 0 <= start && start < end && end <= answer.length;
    return !isRange || texts.get(source_id)?.includes(answer.slice(start, end)) !== true;
  });
}
