import type { TurnOutcome } from '#src/ports/store.ts';
import { Acceptance } from './acceptance.ts';
import type { UnfinishedTurn } from './run.ts';
import { Run } from './run.ts';
import type { SessionDependencies } from './session.dependencies.ts';
import type { SessionParts } from './session.parts.ts';
import { sessionParts } from './session.parts.ts';
import type { Turn } from './turn.ts';
import { TurnEnds } from './turn-ends.ts';
import type { TurnFrames } from './turn-frames.ts';

/** The asynchronous work of one session's turns: what the machine orders, this does. */
export class SessionWork {
  readonly queueLength: number;
  readonly idleMs: number;
  readonly frames: TurnFrames;
  readonly acceptance: Acceptance;
  readonly run: Run;
  readonly ends: TurnEnds;
  readonly #parts: SessionParts;

  constructor(dependencies: SessionDependencies, session: string, processName: string) {
    this.#parts = sessionParts(dependencies, session, processName);
    this.queueLength = dependencies.queueLength;
    this.idleMs = dependencies.idleMs;
    this.frames = this.#parts.frames;
    this.acceptance = new Acceptance(this.#parts);
    this.run = new Run(this.#parts);
    this.ends = new TurnEnds(this.#parts);
  }

  /** Takes the turn off its query. Resolves with the end that this gives it. */
  async stop(turn: Turn): Promise<TurnOutcome> {
    const { id } = turn.record;
    this.#parts.notes.add('stopping', { turn: id });
    return this.ends.cancelled(turn, await this.run.leave(id));
  }

  /** Leaves these turns to who opens the session next: the store keeps them as unfinished. */
  async handOver(turns: readonly UnfinishedTurn[]): Promise<void> {
    const { notes, expected } = this.#parts;
    notes.add('handing over', { turns: turns.map(({ id }) => id) });
    expected.end();
    await Promise.all(turns.map((turn) => this.run.handOver(turn)));
  }
}
