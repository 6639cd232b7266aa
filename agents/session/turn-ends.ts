import type { PartialAnswer } from '#agents/query/query.agent.ts';
import { currentModels } from '#agents/models/models.agent.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { TurnOutcome } from '#src/ports/store.ts';
import type { Asked } from '#supervisors/kernel/process.ts';
import type { Cancelled, SessionNews } from './session.events.ts';
import type { SessionParts } from './session.parts.ts';
import type { Turn } from './turn.ts';
import { cancelled, failed, tellEnd } from './turn.ts';

/** What was told of a turn's end. */
export interface Ending {
  readonly outcome: TurnOutcome;
  /** Whether the store has it. Otherwise the turn would run again after a restart. */
  readonly isWritten: boolean;
}

/** How a session's turns end: in the store, then in the frame log, then for who counts them. */
export class TurnEnds {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  elapsedMs(turn: Turn): number {
    return this.#parts.dependencies.kernel.clock.now() - turn.acceptedMs;
  }

  /** Writes the end of a turn, then tells it. A store that cannot write makes the end an error; it is told all the same. */
  async end(turn: Turn, outcome: TurnOutcome): Promise<Ending> {
    const { expected, notes } = this.#parts;
    const { id } = turn.record;
    expected.end();
    notes.add('ending', { turn: id, ...(outcome.state === 'failed' ? outcome.error : { finish: outcome.end.finish }) });
    if (outcome.state === 'failed' && outcome.error.code === 'TURN_POISONED') notes.recordPoison(turn);
    const told = await this.#write(id, outcome).then(() => outcome, asFailure);
    await this.#announce(turn, told);
    notes.rest();
    return { outcome: told, isWritten: told === outcome || (await this.record(turn, told)) };
  }

  /** Writes an end that was told before. False when the store cannot; true also for a turn that it does not have any more. */
  async record({ record: { id } }: Turn, told: TurnOutcome): Promise<boolean> {
    try {
      await this.#write(id, told);
      return true;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return error.code === 'TURN_NOT_FOUND';
    }
  }

  /** Ends a turn that has not begun to run, and tells it. One whose end cannot be written waits on, behind the others. */
  async cancelWaiting(turn: Turn, asked: Asked<Cancelled>, tell: (news: SessionNews) => void): Promise<void> {
    const { id } = turn.record;
    this.#parts.notes.add('cancelling', { turn: id });
    const outcome = await this.cancelled(turn, undefined);
    try {
      await this.#write(id, outcome);
    } catch (error) {
      asked.fail(error);
      return tell({ type: 'turn.accepted', turn });
    }
    await this.#announce(turn, outcome);
    turn.cancelling.push(asked);
    tellEnd(turn, outcome);
    tell({ type: 'turn.settled' });
  }

  /** The end of a turn that nothing writes to any more. */
  async cancelled(turn: Turn, part: PartialAnswer | undefined): Promise<TurnOutcome> {
    const { dependencies, frames } = this.#parts;
    const { id, options } = turn.record;
    const { text, sources = [] } = await frames.sent(id);
    const model = currentModels(dependencies.kernel)?.first(options.model) ?? '';
    return cancelled({ text, sources, citations: part?.citations ?? [], model, latencyMs: this.elapsedMs(turn) });
  }

  async #write(turn: string, outcome: TurnOutcome): Promise<void> {
    const { kernel, store } = this.#parts.dependencies;
    await store.conversations.endTurn(turn, outcome, kernel.clock.wallTime());
  }

  async #announce(turn: Turn, outcome: TurnOutcome): Promise<void> {
    const { session, accepted, frames, dependencies } = this.#parts;
    const { id, question } = turn.record;
    accepted.delete(id);
    await frames.ended(id, outcome);
    dependencies.onTurnEnded({ session, turn: id, question, outcome, latencyMs: this.elapsedMs(turn) });
  }
}

function asFailure(error: unknown): TurnOutcome {
  if (!(error instanceof ServiceError)) throw error;
  return failed(toErrorBody(error));
}
