import { hash } from 'node:crypto';
import type { Answer } from '#src/ports/answer.ts';
import type { CachedTurn } from '#src/ports/store.ts';
import type { CachedTurnEvent, KeptAnswer, RecordedTurns } from '../conversations/events.ts';

const written = new WeakMap<Answer, KeptAnswer>();

/**
 * Turns on their way to the worker: each answer once, and turns that name it. What most turns share is neither copied nor
 * written for each of them. A turn is held as its JSON: what waits here outlives the young generation of the heap, and
 * moving one text costs the collector less than half of moving the objects.
 */
export class RecordedTurnsDraft {
  readonly #answers = new Set<KeptAnswer>();
  readonly #turns: string[] = [];

  get size(): number {
    return this.#turns.length;
  }

  add(turn: CachedTurn): void {
    const answer = keptAnswer(turn.answer);
    this.#answers.add(answer);
    this.#turns.push(JSON.stringify({ ...turn, answer: answer.id } satisfies CachedTurnEvent));
  }

  finish(): RecordedTurns {
    return { answers: [...this.#answers], turns: `[${this.#turns.join(',')}]` };
  }
}

function keptAnswer(answer: Answer): KeptAnswer {
  const known = written.get(answer);
  if (known !== undefined) return known;
  const { answer: given, ...rest } = answer;
  const text = given.toWellFormed();
  const fields = JSON.stringify(rest);
  const made = { id: hash('sha256', JSON.stringify([text, fields])), text, fields };
  written.set(answer, made);
  return made;
}
