import { ExpectedQuestion } from './expected-question.ts';
import type { SessionDependencies } from './session.dependencies.ts';
import { SessionNotes } from './session-notes.ts';
import { TurnFrames } from './turn-frames.ts';

/** What all work of one session shares. */
export interface SessionParts {
  readonly dependencies: SessionDependencies;
  readonly session: string;
  readonly processName: string;
  readonly frames: TurnFrames;
  readonly notes: SessionNotes;
  readonly expected: ExpectedQuestion;
  /** Turns without an end that this incarnation has accepted. */
  readonly accepted: Set<string>;
}

export function sessionParts(dependencies: SessionDependencies, session: string, processName: string): SessionParts {
  const frames = new TurnFrames(dependencies.kernel, session);
  const notes = new SessionNotes(dependencies, { session, processName, frames });
  const expected = new ExpectedQuestion(dependencies, session);
  return { dependencies, session, processName, frames, notes, expected, accepted: new Set() };
}
