import type { Citation, Source } from '#src/ports/answer.ts';
import type { CitedAnswer } from '#src/rag/cite.ts';

/** Finds the citations whose slice of the answer is empty or does not stand, word for word, in the source they name. */
export function findFalseCitations({ answer, citations }: CitedAnswer, sources: readonly Source[]): Citation[] {
  const texts = new Map(sources.map((source) => [source.id, source.text]));
  return citations.filter(({ source_id, start, end }) => {
    const isRange = Number.isInteger(start) && 0 <= start && start < end && end <= answer.length;
    return !isRange || texts.get(source_id)?.includes(answer.slice(start, end)) !== true;
  });
}
