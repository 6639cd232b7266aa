import { randomUUIDv7 } from 'node:crypto';
import type { Answer, PartialAnswer } from '#agents/query/query.agent.ts';
import { joinQuery, leaveQuery } from '#agents/query/query.agent.ts';
import { frameLog, whenFrameLog } from '#agents/frames/frames.agent.ts';
import { currentModels } from '#agents/models/models.agent.ts';
import { expectQuestion, openQuestion } from '#agents/rag/rag.agent.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { LoggedFrame, Stage } from '#src/ports/frame.ts';
import type { NewTurn, TenantStore, TurnOutcome, TurnRecord } from '#src/ports/store.ts';
import type { ActorNotes } from '#src/telemetry/capsules/capsule.ts';
import type { CrashRecorder } from '#src/telemetry/capsules/crash-recorder.ts';
import { EventRing } from '#src/telemetry/capsules/event-ring.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Asked } from '#supervisors/kernel/process.ts';
import type { AskEvent, Cancelled, SessionNews } from './session.events.ts';
import type { Ask } from './sessions.ts';
import type { Turn } from './turn.ts';
import { cancelled, failedWith, outcomeOf, tellEnd } from './turn.ts';
import { isTooOld, timeLeftMs } from './turn-time.ts';

/** How a turn ended, for statistics, metrics and the log. */
export interface TurnSummary {
  readonly session: string;
  readonly turn: string;
  readonly question: string;
  readonly outcome: TurnOutcome;
  readonly latencyMs: number;
}

export interface SessionDependencies {
  readonly kernel: Kernel;
  readonly store: TenantStore;
  /** Turns that wait while one runs. */
  readonly queueLength: number;
  readonly turnTimeoutMs: number;
  /** How long an actor stays that has nothing to do and nobody to listen. */
  readonly idleMs: number;
  readonly onTurnEnded: (summary: TurnSummary) => void;
  /** Told what a session works on, for the case that it crashes, and of turns that are poisoned. */
  readonly recorder?: CrashRecorder;
}

/** What the end of an answer takes to be written and told, so that it comes before the turn's own deadline. */
const END_MARGIN_MS = 100;
/** One for all: to make an error with its stack for every question costs a tenth of the question. */
const NOT_EXPECTED = new DOMException('the question is not expected any more', 'AbortError');

/** Where the answer of a turn comes from. */
export type Opened = { readonly kind: 'cached'; readonly answer: Answer } | { readonly kind: 'joined'; readonly query: string };

/** What was told of a turn's end. */
export interface Ending {
  readonly outcome: TurnOutcome;
  /** Whether the store has it. Otherwise the turn would run again after a restart. */
  readonly isWritten: boolean;
}

/** A turn that is left to who opens the session next. */
export interface UnfinishedTurn {
  readonly id: string;
  /** Runs of it that were begun and have failed. */
  readonly failedAttempts: number;
}

/** The asynchronous work of one session's turns: what the machine orders, this does. */
export class SessionWork {
  readonly session: string;
  readonly #dependencies: SessionDependencies;
  readonly #processName: string;
  /** The last opening, settled or not: a turn is not stopped while it may still join a query. */
  #opening: { readonly turn: string; readonly opened: Promise<Opened> } | undefined;
  /** Turns without an end that this incarnation has accepted. */
  readonly #accepted = new Set<string>();
  #running: { readonly turn: string; readonly deadlineMs: number } | undefined;
  /** The turn that is worked on, and the query that it joined, for a crash. */
  #current: { readonly turn: Turn; readonly query: string | undefined } | undefined;
  readonly #events: EventRing;
  /** Ends what was begun for a question before it was accepted. */
  #expected: AbortController | undefined;

  constructor(dependencies: SessionDependencies, session: string, processName: string) {
    this.#dependencies = dependencies;
    this.session = session;
    this.#processName = processName;
    const { kernel, recorder } = dependencies;
    this.#events = new EventRing(kernel.clock.wallTime);
    recorder?.watch(processName, () => this.#describe());
  }

  get queueLength(): number {
    return this.#dependencies.queueLength;
  }

  /** What the turn has until its end, from the beginning of its work. */
  timeoutMs({ record, isAdopted }: Turn): number {
    const { turnTimeoutMs, kernel } = this.#dependencies;
    return isAdopted ? timeLeftMs(record.startedAt, { turnTimeoutMs, nowMs: kernel.clock.wallTime() }) : turnTimeoutMs;
  }

  isTooOld({ record, isAdopted }: Turn): boolean {
    const { turnTimeoutMs, kernel } = this.#dependencies;
    return isAdopted && isTooOld(record.acceptedAt, { turnTimeoutMs, nowMs: kernel.clock.wallTime() });
  }

  get idleMs(): number {
    return this.#dependencies.idleMs;
  }

  get #kernel(): Kernel {
    return this.#dependencies.kernel;
  }

  hasListeners(): boolean {
    return frameLog(this.#kernel)?.hasListeners(this.session) ?? true;
  }

  elapsedMs(turn: Turn): number {
    return this.#kernel.clock.now() - turn.acceptedMs;
  }

  /** A turn that waits for its answer from now on. */
  begin(record: TurnRecord): Turn {
    return { record, isAdopted: !this.#accepted.has(record.id), acceptedMs: this.#kernel.clock.now(), awaiting: [], cancelling: [] };
  }

  show(turn: Turn, stage: Stage): void {
    frameLog(this.#kernel)?.publish(this.session, { type: 'status', turn: turn.record.id, stage });
  }

  /**
   * Writes a question to the store, tells its asker, and tells the machine what it has to do with it. One that `runsNow`
   * is written with its first attempt.
   */
  async accept(event: AskEvent, runsNow: boolean, tell: (news: SessionNews) => void): Promise<void> {
    try {
      const written = this.#write(event.ask, runsNow ? 1 : 0);
      if (runsNow) this.#expect(event.ask);
      const { turn: record, repeated } = await written;
      if (repeated) this.#expected?.abort(NOT_EXPECTED);
      if (!repeated) this.#accepted.add(record.id);
      const turn = this.begin(record);
      this.#events.add('accepted', { turn: record.id, repeated });
      if (event.type === 'answer') turn.awaiting.push(event);
      if (!repeated) await this.#logAccepted(record);
      if (event.type === 'ask') event.reply({ turn: record.id, repeated });
      if (record.state === 'accepted') return tell({ type: 'turn.accepted', turn });
      if (event.type === 'answer') event.reply({ turn: record.id, outcome: outcomeOf(record) });
    } catch (error) {
      this.#expected?.abort(NOT_EXPECTED);
      event.fail(error);
    }
    tell({ type: 'turn.settled' });
  }

  /**
   * Whoever opens the turn joins what is begun here; from then on it is the query's. It begins behind the immediate that
   * posts the write to its worker: a provider's SDK takes a millisecond of this thread, in which the disk can work.
   */
  #expect({ question: text, options }: Ask): void {
    const { kernel, store } = this.#dependencies;
    const expected = new AbortController();
    this.#expected?.abort(NOT_EXPECTED);
    this.#expected = expected;
    const begin = (): void => expectQuestion(kernel, { store, text, options, owner: this.session }, expected.signal);
    queueMicrotask(() => setImmediate(begin));
  }

  /** The id of a turn is ours: long and random. */
  #write({ id, question, options }: Ask, attempts: number): Promise<{ readonly turn: TurnRecord; readonly repeated: boolean }> {
    const { store, kernel } = this.#dependencies;
    const acceptedAt = kernel.clock.wallTime();
    return store.conversations.acceptTurn({ id: randomUUIDv7(), session: this.session, askId: id, question, options, acceptedAt, attempts });
  }

  /** The turns that an earlier incarnation of this session left without an end. Ends that it had written are told. */
  async unfinished(): Promise<readonly Turn[]> {
    const { store, kernel } = this.#dependencies;
    const unfinished = await store.conversations.unfinishedTurns(this.session);
    const log = await whenFrameLog(kernel);
    const ids = new Set(unfinished.map((record) => record.id));
    for (const { turn } of log.openTurns(this.session).filter((open) => !ids.has(open.turn))) {
      await this.#logEnd(turn, await store.conversations.getTurn(turn).then(outcomeOf, ifMissing));
    }
    for (const record of unfinished) await this.#logAccepted(record);
    this.#events.add('recovered', { turns: unfinished.map(({ id, attempts }) => ({ id, attempts })) });
    return unfinished.map((record) => this.begin(record));
  }

  /** A log that knows the turn already, because only the session died, does not take it again. */
  #logAccepted({ id, askId, question }: NewTurn): Promise<void> {
    return this.#log({ type: 'accepted', id: askId, turn: id, question });
  }

  /** Notes on disk that a run of the turn begins; resolves with how many that makes. */
  beginAttempt({ record: { id } }: Turn, attempts: number): Promise<number> {
    const { store, kernel } = this.#dependencies;
    this.#events.add('beginning', { turn: id, attempts });
    return store.conversations.beginAttempt(id, attempts, kernel.clock.wallTime());
  }

  /** Brings a turn to its answer: at once from the cache, or by joining the query that makes it. */
  open(turn: Turn): Promise<Opened> {
    this.#events.add('opening', { turn: turn.record.id });
    this.#current = { turn, query: undefined };
    const opened = this.#open(turn).finally(() => this.#expected?.abort(NOT_EXPECTED));
    this.#opening = { turn: turn.record.id, opened };
    return opened;
  }

  async #open(turn: Turn): Promise<Opened> {
    const { kernel, store } = this.#dependencies;
    const { id, question, options } = turn.record;
    const deadlineMs = this.#deadlineOf(turn);
    const log = await whenFrameLog(kernel);
    const sent = log.openTurn(this.session, id)?.text ?? '';
    const sentSources = log.sentSources(this.session, id);
    const opened = await openQuestion(kernel, { store, text: question, options, owner: this.session, deadlineMs, sent, sentSources });
    if (opened.kind === 'cached') {
      await this.#logCached(id, opened.answer, sent);
      return opened;
    }
    const query = opened.name;
    this.#current = { turn, query };
    this.#events.add('joining', { turn: id, query });
    await joinQuery(kernel, query, { session: this.session, turn: id, owner: this.#processName, sent, deadlineMs });
    return { kind: 'joined', query };
  }

  /** A turn that is opened again, because its query died, has no more time for it. */
  #deadlineOf(turn: Turn): number {
    const { id } = turn.record;
    if (this.#running?.turn !== id) this.#running = { turn: id, deadlineMs: this.#kernel.clock.now() + this.timeoutMs(turn) - END_MARGIN_MS };
    return this.#running.deadlineMs;
  }

  /** Tells the machine when the query is over, behind what the query itself has told it. */
  watch(query: string): void {
    this.#kernel.monitor(query, () => void this.#kernel.send(this.#processName, { type: 'query.gone', query }));
  }

  async #logCached(turn: string, { answer, sources }: Answer, sent: string): Promise<void> {
    if (!answer.startsWith(sent)) throw new ServiceError('TURN_INTERRUPTED', 'the answer begins otherwise than what was sent');
    const log = await whenFrameLog(this.#kernel);
    log.publish(this.session, { type: 'status', turn, stage: 'cached' });
    log.append(this.session, { type: 'sources', turn, sources });
    log.append(this.session, { type: 'answer-start', turn });
    if (answer.length > sent.length) log.append(this.session, { type: 'answer-delta', turn, text: answer.slice(sent.length) });
  }

  /** Takes the turn off its query; nothing of it runs any more once this has resolved. */
  async stop(turn: Turn): Promise<TurnOutcome> {
    const { id } = turn.record;
    this.#events.add('stopping', { turn: id });
    return this.#cancelled(turn, await this.#leaveQuery(id));
  }

  async #cancelled(turn: Turn, part: PartialAnswer | undefined): Promise<TurnOutcome> {
    const { id, options } = turn.record;
    const log = await whenFrameLog(this.#kernel);
    const text = log.openTurn(this.session, id)?.text ?? '';
    const sources = log.sentSources(this.session, id) ?? [];
    const model = currentModels(this.#kernel)?.first(options.model) ?? '';
    return cancelled({ text, sources, citations: part?.citations ?? [], model, latencyMs: this.elapsedMs(turn) });
  }

  /** Ends a turn that has not begun to run, and tells it. One whose end cannot be written waits on, behind the others. */
  async cancelWaiting(turn: Turn, asked: Asked<Cancelled>, tell: (news: SessionNews) => void): Promise<void> {
    const { kernel, store } = this.#dependencies;
    const { id } = turn.record;
    this.#events.add('cancelling', { turn: id });
    const outcome = await this.#cancelled(turn, undefined);
    try {
      await store.conversations.endTurn(id, outcome, kernel.clock.wallTime());
    } catch (error) {
      asked.fail(error);
      return tell({ type: 'turn.accepted', turn });
    }
    await this.#announce(turn, outcome);
    turn.cancelling.push(asked);
    tellEnd(turn, outcome);
    tell({ type: 'turn.settled' });
  }

  async #leaveQuery(turn: string): Promise<PartialAnswer | undefined> {
    const opened = this.#opening?.turn === turn ? await this.#opening.opened.catch(ifServiceError) : undefined;
    return opened?.kind === 'joined' ? leaveQuery(this.#kernel, opened.query, turn).catch(ifServiceError) : undefined;
  }

  /**
   * Takes turns off their query, without an end: the store keeps them as unfinished. Runs that were cut short by this are
   * not counted; where the store cannot write that, they are.
   */
  async handOver(turns: readonly UnfinishedTurn[]): Promise<void> {
    const { conversations } = this.#dependencies.store;
    this.#events.add('handing over', { turns: turns.map(({ id }) => id) });
    this.#expected?.abort(NOT_EXPECTED);
    const handOverOne = async ({ id, failedAttempts }: UnfinishedTurn): Promise<void> => {
      await this.#leaveQuery(id);
      await conversations.resetAttempts(id, failedAttempts).catch(ifServiceError);
    };
    await Promise.all(turns.map(handOverOne));
  }

  /** Writes the end of a turn, then tells it. A store that cannot write makes the end an error; it is told all the same. */
  async end(turn: Turn, outcome: TurnOutcome): Promise<Ending> {
    const { kernel, store } = this.#dependencies;
    const { id } = turn.record;
    this.#expected?.abort(NOT_EXPECTED);
    this.#events.add('ending', { turn: id, ...(outcome.state === 'failed' ? outcome.error : { finish: outcome.end.finish }) });
    this.#recordPoison(turn, outcome);
    const told = await store.conversations.endTurn(id, outcome, kernel.clock.wallTime()).then(() => outcome, asFailure);
    await this.#announce(turn, told);
    this.#current = undefined;
    return { outcome: told, isWritten: told === outcome || (await this.recordEnd(turn, told)) };
  }

  async #announce(turn: Turn, outcome: TurnOutcome): Promise<void> {
    const { id, question } = turn.record;
    this.#accepted.delete(id);
    await this.#logEnd(id, outcome);
    this.#dependencies.onTurnEnded({ session: this.session, turn: id, question, outcome, latencyMs: this.elapsedMs(turn) });
  }

  /** Writes an end that was told before. False when the store cannot; true also for a turn that it does not have any more. */
  async recordEnd({ record: { id } }: Turn, told: TurnOutcome): Promise<boolean> {
    const { kernel, store } = this.#dependencies;
    try {
      await store.conversations.endTurn(id, told, kernel.clock.wallTime());
      return true;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return error.code === 'TURN_NOT_FOUND';
    }
  }

  /** A turn with which the whole process died has left no other trace. */
  #recordPoison(turn: Turn, outcome: TurnOutcome): void {
    if (outcome.state !== 'failed' || outcome.error.code !== 'TURN_POISONED') return;
    if (this.#current?.turn !== turn) this.#current = { turn, query: undefined };
    this.#dependencies.recorder?.capture(this.#processName, new ServiceError('TURN_POISONED', `turn ${turn.record.id} failed three times`));
  }

  #describe(): ActorNotes {
    const events = this.#events.list();
    if (this.#current === undefined) return { state: { session: this.session }, events };
    const { turn, query } = this.#current;
    const { id, question: text, options } = turn.record;
    const sentText = frameLog(this.#kernel)?.openTurn(this.session, id)?.text ?? '';
    const steps = query === undefined ? undefined : this.#dependencies.recorder?.notesOf(query)?.steps;
    const state = { session: this.session, turn: id, attempts: turn.record.attempts, isAdopted: turn.isAdopted, query: query ?? null };
    return { question: { text, options, sentText }, ...(steps === undefined ? {} : { steps }), state, events };
  }

  async #logEnd(turn: string, outcome: TurnOutcome): Promise<void> {
    if (outcome.state === 'answered') await this.#log({ type: 'answer-end', turn, ...outcome.end });
    else await this.#log({ type: 'answer-error', turn, error: outcome.error });
  }

  async #log(frame: LoggedFrame): Promise<void> {
    const log = await whenFrameLog(this.#kernel);
    log.append(this.session, frame);
  }
}

function ifServiceError(error: unknown): undefined {
  if (error instanceof ServiceError) return undefined;
  throw error;
}

/** A turn that the store does not have, because its session was forgotten while it ran, has ended all the same. */
function ifMissing(error: unknown): TurnOutcome {
  if (error instanceof ServiceError && error.code === 'TURN_NOT_FOUND') return failedWith('TURN_INTERRUPTED');
  throw error;
}

function asFailure(error: unknown): TurnOutcome {
  if (!(error instanceof ServiceError)) throw error;
  return { state: 'failed', error: toErrorBody(error) };
}
