import type { Statistics } from '#src/ports/frame.ts';
import type { QuestionOutcome } from './rag.events.ts';

/**
 * How questions ended since the agent's start. A hit is an answer from the cache, a miss one that was computed; errors
 * count as queries and not as misses; a question that was stopped counts as a query only (features A24, A34).
 */
export class Tally {
  #queries = 0;
  #hits = 0;
  #misses = 0;
  #errors = 0;

  count(outcome: QuestionOutcome): void {
    this.#queries += 1;
    if (outcome === 'hit') this.#hits += 1;
    else if (outcome === 'miss') this.#misses += 1;
    else if (outcome === 'error') this.#errors += 1;
  }

  statistics(): Statistics {
    const rate = this.#queries === 0 ? 0 : Math.round((this.#hits / this.#queries) * 1000) / 10;
    return { queries: this.#queries, hits: this.#hits, misses: this.#misses, errors: this.#errors, hit_rate: rate };
  }
}
