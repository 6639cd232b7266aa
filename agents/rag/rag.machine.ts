import { fromTransition } from 'xstate';
import type { Statistics } from '#src/ports/frame.ts';
import type { QuestionOutcome, RagEvent } from './rag.events.ts';
import type { Admission } from './admission.ts';

interface RagState {
  readonly admission: Admission;
  readonly counts: { readonly queries: number; readonly hits: number; readonly misses: number; readonly errors: number };
}

const NOTHING_COUNTED = { queries: 0, hits: 0, misses: 0, errors: 0 };

/**
 * Has one state: lets questions in, to the cache or to their query, and counts how they ended. A hit is an answer from
 * the cache, a miss one that was computed; errors count as queries and not as misses; a question that was stopped
 * counts as a query only.
 */
export const ragLogic = fromTransition(
  (state: RagState, event: RagEvent): RagState => {
    switch (event.type) {
      case 'open':
        state.admission.open(event.question).then(event.reply, event.fail);
        return state;
      case 'count':
        return { ...state, counts: count(state.counts, event.outcome) };
      case 'statistics':
        event.reply(toStatistics(state.counts));
        return state;
      default: // XState's own stop event
        return state;
    }
  },
  ({ input }: { input: Admission }): RagState => ({ admission: input, counts: NOTHING_COUNTED }),
);

function count(counts: RagState['counts'], outcome: QuestionOutcome): RagState['counts'] {
  return {
    queries: counts.queries + 1,
    hits: counts.hits + (outcome === 'hit' ? 1 : 0),
    misses: counts.misses + (outcome === 'miss' ? 1 : 0),
    errors: counts.errors + (outcome === 'error' ? 1 : 0),
  };
}

function toStatistics(counts: RagState['counts']): Statistics {
  const { queries, hits } = counts;
  return { ...counts, hit_rate: queries === 0 ? 0 : Math.round((hits / queries) * 1000) / 10 };
}
