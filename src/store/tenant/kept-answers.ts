import { hash } from 'node:crypto';
import type { Answer } from '#src/ports/answer.ts';
import type { CachedTurn } from '#src/ports/store.ts';
import type { CachedTurnEvent, KeptAnswer } from '../conversations/events.ts';

const written = new WeakMap<Answer, KeptAnswer>();

/** Each answer once, and turns that name it: what most turns share is neither copied nor written for each of them. */
export function keepAnswersApart(turns: readonly CachedTurn[]): { answers: readonly KeptAnswer[]; turns: readonly CachedTurnEvent[] } {
  const answers = new Set<KeptAnswer>();
  const events = turns.map((turn) => {
    const kept = keptAnswer(turn.answer);
    answers.add(kept);
    return { ...turn, answer: kept.id };
  });
  return { answers: [...answers], turns: events };
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
