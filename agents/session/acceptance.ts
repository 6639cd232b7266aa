import { randomUUIDv7 } from 'node:crypto';
import { ServiceError } from '#src/errors.ts';
import type { TurnOutcome, TurnRecord } from '#src/ports/store.ts';
import type { AskEvent, SessionNews } from './session.events.ts';
import type { SessionParts } from './session.parts.ts';
import type { Ask } from './sessions.ts';
import type { Turn } from './turn.ts';
import { failed, failedWith, outcomeOf } from './turn.ts';

/** How a session comes by its turns: questions are written, and what an earlier incarnation left is found. */
export class Acceptance {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /**
   * Writes a question to the store, tells its asker, and tells the machine what it has to do with it. One that `runsNow`
   * is written with its first attempt.
   */
  async accept(event: AskEvent, runsNow: boolean, tell: (news: SessionNews) => void): Promise<void> {
    const { expected, frames, notes, accepted } = this.#parts;
    try {
      const written = this.#write(event.ask, runsNow ? 1 : 0);
      if (runsNow) expected.begin(event.ask);
      const { turn: record, repeated } = await written;
      if (repeated) expected.end();
      else accepted.add(record.id);
      const turn = this.#waiting(record);
      notes.add('accepted', { turn: record.id, repeated });
      if (event.type === 'answer') turn.awaiting.push(event);
      if (!repeated) await frames.accepted(record);
      if (event.type === 'ask') event.reply({ turn: record.id, repeated });
      if (record.state === 'accepted') return tell({ type: 'turn.accepted', turn });
      if (event.type === 'answer') event.reply({ turn: record.id, outcome: outcomeOf(record) });
    } catch (error) {
      expected.end();
      event.fail(error);
    }
    tell({ type: 'turn.settled' });
  }

  /** The id of a turn is ours: long and random. */
  #write({ id, question, options }: Ask, attempts: number): Promise<{ readonly turn: TurnRecord; readonly repeated: boolean }> {
    const { session, dependencies } = this.#parts;
    const acceptedAt = dependencies.kernel.clock.wallTime();
    const turn = { id: randomUUIDv7(), session, askId: id, question, options, acceptedAt, attempts };
    return dependencies.store.conversations.acceptTurn(turn);
  }

  /** The turns that an earlier incarnation of this session left without an end. Ends that it had written are told. */
  async unfinished(): Promise<readonly Turn[]> {
    const { session, dependencies, frames, notes } = this.#parts;
    const { conversations } = dependencies.store;
    const unfinished = await conversations.unfinishedTurns(session);
    const ids = new Set(unfinished.map(({ id }) => id));
    for (const turn of await frames.open()) {
      if (!ids.has(turn)) await frames.ended(turn, await conversations.getTurn(turn).then(outcomeOf, ifMissing));
    }
    notes.add('recovered', { turns: unfinished.map(({ id, attempts }) => ({ id, attempts })) });
    const turns: Turn[] = [];
    for (const record of unfinished) turns.push(await this.#adopt(record));
    return turns;
  }

  async #adopt(record: TurnRecord): Promise<Turn> {
    const { frames } = this.#parts;
    const error = await frames.toldError(record.id);
    if (error !== undefined) return this.#waiting(record, failed(error));
    await frames.accepted(record);
    return this.#waiting(record);
  }

  /** A turn that waits for its answer from now on. */
  #waiting(record: TurnRecord, told?: TurnOutcome): Turn {
    const { accepted, dependencies } = this.#parts;
    const acceptedMs = dependencies.kernel.clock.now();
    return { record, isAdopted: !accepted.has(record.id), told, acceptedMs, awaiting: [], cancelling: [] };
  }
}

/** A turn that the store does not have, because its session was forgotten while it ran, has ended all the same. */
function ifMissing(error: unknown): TurnOutcome {
  if (error instanceof ServiceError && error.code === 'TURN_NOT_FOUND') return failedWith('TURN_INTERRUPTED');
  throw error;
}
