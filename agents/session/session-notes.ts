import { ServiceError } from '#src/errors.ts';
import type { ActorNotes } from '#src/telemetry/capsules/capsule.ts';
import { EventRing } from '#src/telemetry/capsules/event-ring.ts';
import type { SessionDependencies } from './session.dependencies.ts';
import type { Turn } from './turn.ts';
import type { TurnFrames } from './turn-frames.ts';

export interface NotedSession {
  readonly session: string;
  readonly processName: string;
  readonly frames: TurnFrames;
}

/** What a crash capsule tells of a session: its last events, the turn that it worked on and the query that this had joined. */
export class SessionNotes {
  readonly #recorder: SessionDependencies['recorder'];
  readonly #noted: NotedSession;
  readonly #events: EventRing;
  #current: { readonly turn: Turn; readonly query: string | undefined } | undefined;

  constructor({ kernel, recorder }: SessionDependencies, noted: NotedSession) {
    this.#recorder = recorder;
    this.#noted = noted;
    this.#events = new EventRing(kernel.clock.wallTime);
    recorder?.watch(noted.processName, () => this.#describe());
  }

  add(event: string, details: object): void {
    this.#events.add(event, details);
  }

  workOn(turn: Turn, query?: string): void {
    this.#current = { turn, query };
  }

  rest(): void {
    this.#current = undefined;
  }

  /** A turn with which the whole process died has left no other trace. */
  recordPoison(turn: Turn): void {
    if (this.#current?.turn !== turn) this.workOn(turn);
    this.#recorder?.capture(this.#noted.processName, new ServiceError('TURN_POISONED', `turn ${turn.record.id} failed three times`));
  }

  #describe(): ActorNotes {
    const { session, frames } = this.#noted;
    const events = this.#events.list();
    if (this.#current === undefined) return { state: { session }, events };
    const { turn, query } = this.#current;
    const { id, question: text, options } = turn.record;
    const steps = query === undefined ? undefined : this.#recorder?.notesOf(query)?.steps;
    const state = { session, turn: id, attempts: turn.record.attempts, isAdopted: turn.isAdopted, query: query ?? null };
    return { question: { text, options, sentText: frames.textNow(id) }, ...(steps === undefined ? {} : { steps }), state, events };
  }
}
