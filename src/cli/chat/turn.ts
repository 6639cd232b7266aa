import type { AnswerEnd } from '#src/ports/answer.ts';
import type { Stage } from '#src/ports/frame.ts';

export interface TurnListener {
  /** The next piece of the answer. */
  text(piece: string): void;
  stage(stage: Stage): void;
}

/** The end of a turn, as the `answer-end` frame tells it. */
export type TurnEnd = AnswerEnd & { readonly turn: string };
