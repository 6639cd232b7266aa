import { randomUUIDv7 } from 'node:crypto';
import { frameLog, whenFrameLog } from '#agents/frames/frames.agent.ts';
import { currentModels } from '#agents/models/models.agent.ts';
import { lookUp } from '#agents/rag/rag.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { AnswerEnd } from '#src/ports/answer.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import { actor, SHUTDOWN_EVENT } from '#supervisors/kernel/handles/actor.ts';
import type { AskOptions as KernelAskOptions } from '#supervisors/kernel/kernel.ts';
import type { ProcessInfo } from '#supervisors/kernel/process-info.ts';
import type { AnyEvent, StartFunction } from '#supervisors/kernel/process.ts';
import { adopterMachine } from './adopter.machine.ts';
import type { SessionDependencies } from './session.dependencies.ts';
import type { Accepted, Cancelled, Ended } from './session.events.ts';
import { sessionMachine } from './session.machine.ts';
import { SessionWork } from './session.work.ts';
import type { Ask, KeptAnswer, Sessions } from './sessions.ts';
import { UnaskedSessions } from './unasked-sessions.ts';

export type { SessionDependencies, TurnSummary } from './session.dependencies.ts';
export type { Accepted, Cancelled, Ended } from './session.events.ts';
export type { Ask, KeptAnswer, Sessions } from './sessions.ts';

export const SESSIONS = 'sessions';

export interface SessionsOptions extends SessionDependencies {
  /** A turn's row that could not be written behind an answer from the cache. */
  readonly onLostRecord: (error: unknown) => void;
}

export function sessionName(session: string): string {
  return `session:${session}`;
}

/** The actor of one open conversation. It ends when nobody needs it, and comes back after a crash. */
function sessionSpec(dependencies: SessionDependencies, session: string): ChildSpec & { readonly name: string } {
  const name = sessionName(session);
  const input = (): { work: SessionWork } => ({ work: new SessionWork(dependencies, session, name) });
  return { id: 'session', name, restart: 'transient', start: actor(sessionMachine, { input }) };
}

/** An actor may end or crash between being found and its answer; then it is opened again. A turn that crashes it three times ends with the fourth. */
const MAX_TRIES = 4;
/** How long the supervisor of all sessions may take to come back. */
const RESTART_WAIT_MS = 5000;
/** The turn's own deadline ends the wait; this only bounds a fault of ours. */
const ANSWER_MARGIN_MS = 10_000;

export function createSessions(options: SessionsOptions): Sessions {
  return new SessionDoor(options);
}

class SessionDoor implements Sessions {
  readonly #options: SessionsOptions;
  readonly #unasked: UnaskedSessions;
  #isDraining = false;
  #isHandedOver = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#unasked = new UnaskedSessions(options.kernel.clock, options.idleMs);
  }

  isOpen(session: string): boolean {
    const { kernel } = this.#options;
    return kernel.whereis(sessionName(session)) !== undefined || frameLog(kernel)?.hasListeners(session) === true || this.#unasked.has(session);
  }

  leftUnasked(session: string): void {
    this.#unasked.add(session);
  }

  async open(session: string): Promise<void> {
    if (this.#isHandedOver) throw new ServiceError('DRAINING');
    return ensureChild(this.#options.kernel, SESSIONS, sessionSpec(this.#options, session));
  }

  async ask(session: string, ask: Ask): Promise<Accepted> {
    this.#check(ask);
    return this.#request<Accepted>(session, { type: 'ask', ask });
  }

  async answer(session: string, ask: Ask): Promise<Ended> {
    this.#check(ask);
    const { queueLength, turnTimeoutMs } = this.#options;
    const timeoutMs = turnTimeoutMs * (queueLength + 1) + ANSWER_MARGIN_MS;
    return this.#request<Ended>(session, { type: 'answer', ask }, { timeoutMs });
  }

  async cancel(session: string, turn?: string): Promise<Cancelled> {
    return this.#retried(() => this.#openUnfinished(session, turn), () => this.#cancelOpen(session, turn));
  }

  async #cancelOpen(session: string, turn: string | undefined): Promise<Cancelled> {
    try {
      return await this.#options.kernel.ask<Cancelled>(sessionName(session), { type: 'cancel', turn });
    } catch (error) {
      const isNotFound = error instanceof ServiceError && error.code === 'TURN_NOT_FOUND';
      throw isNotFound ? await this.#nothingToCancel(session, turn) : error;
    }
  }

  /** A session whose turns an earlier process left may not have been opened yet. */
  async #openUnfinished(session: string, turn: string | undefined): Promise<void> {
    const { kernel, store: { conversations } } = this.#options;
    if (kernel.whereis(sessionName(session)) !== undefined) return;
    if (this.#isHandedOver) throw new ServiceError('DRAINING');
    if (!this.isOpen(session)) await conversations.getSession(session);
    if ((await conversations.unfinishedTurns(session)).length === 0) throw await this.#nothingToCancel(session, turn);
    await this.open(session);
  }

  async #nothingToCancel(session: string, turn: string | undefined): Promise<ServiceError> {
    if (turn === undefined) return new ServiceError('TURN_NOT_FOUND', `no turn runs in session ${session}`);
    const record = await this.#options.store.conversations.getTurn(turn);
    const isEnded = record.session === session && record.state !== 'accepted';
    return new ServiceError(isEnded ? 'TURN_ENDED' : 'TURN_NOT_FOUND', `turn ${turn} does not run in session ${session}`);
  }

  answerFromCache(session: string, ask: Ask): KeptAnswer | undefined {
    this.#check(ask);
    const { kernel, store, onTurnEnded, onLostRecord } = this.#options;
    const startedMs = kernel.clock.now();
    const { id: askId, question, options } = ask;
    const answer = lookUp(kernel, { store, text: question, options });
    if (answer === undefined) return undefined;
    const turn = randomUUIDv7();
    const latencyMs = kernel.clock.now() - startedMs;
    store.conversations
      .recordCachedTurn({ id: turn, session, askId, question, options, acceptedAt: kernel.clock.wallTime(), answer, latencyMs })
      .catch(onLostRecord);
    const end: AnswerEnd = { ...answer, cache_hit: true, latency_ms: Math.round(latencyMs) };
    onTurnEnded({ session, turn, question, outcome: { state: 'answered', end }, latencyMs });
    return { turn, answer, latencyMs };
  }

  whenRecorded(): Promise<void> {
    return this.#options.store.conversations.whenRecorded();
  }

  drain(): void {
    this.#isDraining = true;
  }

  handOver(): void {
    this.#isHandedOver = true;
    for (const { name } of this.#active()) if (name !== undefined) this.#options.kernel.send(name, SHUTDOWN_EVENT);
  }

  activeSessions(): number {
    return this.#active().length;
  }

  #active(): readonly ProcessInfo[] {
    const sessions = findProcess(this.#options.kernel.tree(), SESSIONS);
    return sessions?.children.filter(({ state }) => state !== 'idle' && state !== undefined) ?? [];
  }

  #check({ options: { model } }: Ask): void {
    if (this.#isDraining) throw new ServiceError('DRAINING');
    if (model === undefined) return;
    const known = currentModels(this.#options.kernel)?.ids;
    if (known === undefined) throw new ServiceError('ACTOR_DOWN', 'the models are down');
    if (known.includes(model)) return;
    const details = [{ field: 'model', expected: `one of ${known.join(', ')}`, got: model }];
    throw new ServiceError('INVALID_REQUEST', `unknown model ${model}`, { details });
  }

  #request<Reply>(session: string, event: AnyEvent, options?: KernelAskOptions): Promise<Reply> {
    return this.#retried(() => this.open(session), () => this.#options.kernel.ask<Reply>(sessionName(session), event, options));
  }

  async #retried<Reply>(open: () => Promise<void>, ask: () => Promise<Reply>): Promise<Reply> {
    for (let attempt = 1; ; attempt += 1) {
      await open();
      try {
        return await ask();
      } catch (error) {
        const isDown = error instanceof ServiceError && error.code === 'ACTOR_DOWN';
        if (!isDown || attempt === MAX_TRIES) throw error;
      }
    }
  }
}

/** Start function of the actor that opens the sessions which have turns without an end, so that they are answered. */
export function adopterAgent(dependencies: SessionDependencies): StartFunction {
  const { kernel, store } = dependencies;
  const adopt = async (): Promise<void> => {
    const log = await whenFrameLog(kernel);
    const unfinished = (await store.conversations.unfinishedTurns()).map((turn) => turn.session);
    // The log may also miss an end that the store has.
    const sessions = new Set([...unfinished, ...log.openSessions()]);
    for (const session of sessions) await ensureChild(kernel, SESSIONS, sessionSpec(dependencies, session));
  };
  const whenLost = async (signal: AbortSignal): Promise<void> => {
    await new Promise((resolve) => signal.addEventListener('abort', kernel.monitor(SESSIONS, resolve), { once: true }));
    signal.throwIfAborted();
    await kernel.whenUp(SESSIONS, RESTART_WAIT_MS, signal);
  };
  return actor(adopterMachine, { input: () => ({ adopt, whenLost }) });
}

function findProcess(tree: ProcessInfo | undefined, name: string): ProcessInfo | undefined {
  if (tree === undefined || tree.name === name) return tree;
  for (const child of tree.children) {
    const found = findProcess(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
