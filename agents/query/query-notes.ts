import type { Clock } from '#src/ports/clock.ts';
import type { ActorNotes } from '#src/telemetry/capsules/capsule.ts';
import { EventRing } from '#src/telemetry/capsules/event-ring.ts';
import type { Flight } from './flight.ts';
import type { QueryOutcome, Waiter } from './query.events.ts';
import type { Question } from './question.ts';
import type { Retrieved } from './retrieval.ts';
import type { Generated } from './steps.ts';

/** What one query would tell of itself if it crashed. */
export class QueryNotes {
  readonly #question: Question;
  readonly #flight: Flight;
  readonly #events: EventRing;
  #retrieved: Retrieved | undefined;

  constructor(question: Question, flight: Flight, clock: Clock) {
    this.#question = question;
    this.#flight = flight;
    this.#events = new EventRing(clock.wallTime);
  }

  async retrieving(step: Promise<Retrieved>): Promise<Retrieved> {
    this.#events.add('retrieving');
    this.#retrieved = await this.#followed('retrieving', step);
    const { sources, degraded } = this.#retrieved;
    this.#events.add('retrieved', { sources: sources.length, degraded });
    return this.#retrieved;
  }

  async generating(step: Promise<Generated>): Promise<Generated> {
    this.#events.add('generating');
    const generated = await this.#followed('generating', step);
    const { model, finish, degraded } = generated.answer;
    this.#events.add('generated', { model, finish, degraded });
    return generated;
  }

  telling({ session, turn }: Waiter, { type }: QueryOutcome): void {
    this.#events.add(type, { session, turn });
  }

  describe(): ActorNotes {
    const { text, options, search, temperature, candidates, sentText } = this.#question;
    const { citations, waiters } = this.#flight;
    return {
      question: { text, options, sentText, search, temperature, models: candidates.map(({ model }) => model.id) },
      steps: this.#retrieved === undefined ? {} : { retrieved: this.#retrieved },
      state: { answer: this.#flight.text, citations, waiters: waiters.map(({ session, turn }) => ({ session, turn })) },
      events: this.#events.list(),
    };
  }

  async #followed<Result>(step: string, result: Promise<Result>): Promise<Result> {
    try {
      return await result;
    } catch (error) {
      this.#events.add('failed', { step, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
      throw error;
    }
  }
}
