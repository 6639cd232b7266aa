import type { Answer, PartialAnswer } from '#agents/query/query.agent.ts';
import { joinQuery, leaveQuery } from '#agents/query/query.agent.ts';
import { openQuestion } from '#agents/rag/rag.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { SessionParts } from './session.parts.ts';
import type { Turn } from './turn.ts';
import { isTooOld, timeLeftMs } from './turn-time.ts';

/** What the end of an answer takes to be written and told, so that it comes before the turn's own deadline. */
const END_MARGIN_MS = 100;

/** Where the answer of a turn comes from. */
export type Opened = { readonly kind: 'cached'; readonly answer: Answer } | { readonly kind: 'joined'; readonly query: string };

/** A turn that is left to who opens the session next. */
export interface UnfinishedTurn {
  readonly id: string;
  /** Runs of it that were begun and have failed. */
  readonly failedAttempts: number;
}

/** The runs of a session's turns, one at a time: a turn is opened, joins the query that answers it, and is taken off it. */
export class Run {
  readonly #parts: SessionParts;
  /** The last opening, settled or not: a turn is not stopped while it may still join a query. */
  #opening: { readonly turn: string; readonly opened: Promise<Opened> } | undefined;
  #deadline: { readonly turn: string; readonly deadlineMs: number } | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** What the turn has until its end, from the beginning of its work. */
  timeoutMs({ record, isAdopted }: Turn): number {
    const { turnTimeoutMs, kernel } = this.#parts.dependencies;
    return isAdopted ? timeLeftMs(record.startedAt, { turnTimeoutMs, nowMs: kernel.clock.wallTime() }) : turnTimeoutMs;
  }

  isTooOld({ record, isAdopted }: Turn): boolean {
    const { turnTimeoutMs, kernel } = this.#parts.dependencies;
    return isAdopted && isTooOld(record.acceptedAt, { turnTimeoutMs, nowMs: kernel.clock.wallTime() });
  }

  /** Notes on disk that a run of the turn begins; resolves with how many that makes. */
  count({ record: { id } }: Turn, attempts: number): Promise<number> {
    const { notes, dependencies } = this.#parts;
    notes.add('beginning', { turn: id, attempts });
    return dependencies.store.conversations.beginAttempt(id, attempts, dependencies.kernel.clock.wallTime());
  }

  /** Brings a turn to its answer: at once from the cache, or by joining the query that makes it. */
  open(turn: Turn): Promise<Opened> {
    const { notes, expected } = this.#parts;
    notes.add('opening', { turn: turn.record.id });
    notes.workOn(turn);
    const opened = this.#open(turn).finally(() => expected.end());
    this.#opening = { turn: turn.record.id, opened };
    return opened;
  }

  async #open(turn: Turn): Promise<Opened> {
    const { session, processName, dependencies, frames, notes } = this.#parts;
    const { kernel, store } = dependencies;
    const { id, question, options } = turn.record;
    const deadlineMs = this.#deadlineOf(turn);
    // One that was written while its asker was refused has not been shown.
    await frames.accepted(turn.record);
    const { text: sent, sources: sentSources } = await frames.sent(id);
    const opened = await openQuestion(kernel, { store, text: question, options, owner: session, deadlineMs, sent, sentSources });
    if (opened.kind === 'cached') {
      await frames.cached(id, opened.answer);
      return opened;
    }
    const query = opened.name;
    notes.workOn(turn, query);
    notes.add('joining', { turn: id, query });
    await joinQuery(kernel, query, { session, turn: id, owner: processName, sent, deadlineMs });
    return { kind: 'joined', query };
  }

  /** A turn that is opened again, because its query died, has no more time for it. */
  #deadlineOf(turn: Turn): number {
    const { id } = turn.record;
    const { clock } = this.#parts.dependencies.kernel;
    if (this.#deadline?.turn !== id) this.#deadline = { turn: id, deadlineMs: clock.now() + this.timeoutMs(turn) - END_MARGIN_MS };
    return this.#deadline.deadlineMs;
  }

  /** Tells the machine when the query is over, behind what the query itself has told it. */
  watch(query: string): void {
    const { dependencies: { kernel }, processName } = this.#parts;
    kernel.monitor(query, () => void kernel.send(processName, { type: 'query.gone', query }));
  }

  /** Takes the turn off its query; nothing of it runs any more once this has resolved, with what the query had of its answer. */
  async leave(turn: string): Promise<PartialAnswer | undefined> {
    const opened = this.#opening?.turn === turn ? await this.#opening.opened.catch(ifServiceError) : undefined;
    return opened?.kind === 'joined' ? leaveQuery(this.#parts.dependencies.kernel, opened.query, turn).catch(ifServiceError) : undefined;
  }

  /** Takes a turn off its query without an end. A run that this cuts short is not counted; where the store cannot write that, it is. */
  async handOver({ id, failedAttempts }: UnfinishedTurn): Promise<void> {
    await this.leave(id);
    await this.#parts.dependencies.store.conversations.resetAttempts(id, failedAttempts).catch(ifServiceError);
  }
}

function ifServiceError(error: unknown): undefined {
  if (error instanceof ServiceError) return undefined;
  throw error;
}
