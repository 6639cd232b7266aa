import type {
  CachedTurn,
  ConversationStore,
  Feedback,
  NewTurn,
  Page,
  PageRequest,
  SessionRecord,
  TurnOutcome,
  TurnRecord,
} from '#src/ports/store.ts';
import type { ConversationEvent } from '../conversations/events.ts';
import { toOutcomeColumns } from '../conversations/turn-row.ts';
import { CachedTurnBatch } from './cached-turn-batch.ts';
import type { StoreActor } from './store-actor.ts';

const ASK_TIMEOUT_MS = 10_000;

/** The conversations of one tenant, over the conversations worker. */
export class TenantConversations implements ConversationStore {
  readonly #tenant: string;
  readonly #actor: StoreActor<ConversationEvent>;
  readonly #cachedTurns: CachedTurnBatch;

  constructor(tenant: string, actor: StoreActor<ConversationEvent>) {
    this.#tenant = tenant;
    this.#actor = actor;
    this.#cachedTurns = new CachedTurnBatch((turns) =>
      actor.ask<void>({ type: 'record-cached-turns', tenant, ...turns }, ASK_TIMEOUT_MS),
    );
  }

  acceptTurn(turn: NewTurn): Promise<{ readonly turn: TurnRecord; readonly repeated: boolean }> {
    return this.#ask({ type: 'accept-turn', tenant: this.#tenant, turn });
  }

  beginAttempt(turn: string, attempts: number, at: number): Promise<number> {
    return this.#ask({ type: 'begin-attempt', tenant: this.#tenant, turn, attempts, at });
  }

  resetAttempts(turn: string, attempts: number): Promise<void> {
    return this.#ask({ type: 'reset-attempts', tenant: this.#tenant, turn, attempts });
  }

  /** As text: copied to the worker's thread in one piece, and the sources' JSON is written already. */
  endTurn(turn: string, outcome: TurnOutcome, endedAt: number): Promise<boolean> {
    return this.#ask({ type: 'end-turn', tenant: this.#tenant, turn, outcome: toOutcomeColumns(outcome), endedAt });
  }

  recordCachedTurn(turn: CachedTurn): Promise<void> {
    return this.#cachedTurns.add(turn);
  }

  whenRecorded(): Promise<void> {
    return this.#cachedTurns.flush();
  }

  getTurn(turn: string): Promise<TurnRecord> {
    return this.#ask({ type: 'get-turn', tenant: this.#tenant, turn });
  }

  unfinishedTurns(session?: string): Promise<readonly TurnRecord[]> {
    return this.#ask({ type: 'unfinished-turns', tenant: this.#tenant, session: session ?? null });
  }

  getSession(session: string): Promise<SessionRecord> {
    return this.#ask({ type: 'get-session', tenant: this.#tenant, session });
  }

  listTurns(session: string, page: PageRequest): Promise<Page<TurnRecord>> {
    return this.#ask({ type: 'list-turns', tenant: this.#tenant, session, page });
  }

  latestTurns(session: string, limit: number): Promise<readonly TurnRecord[]> {
    return this.#ask({ type: 'latest-turns', tenant: this.#tenant, session, limit });
  }

  listSessions(page: PageRequest): Promise<Page<SessionRecord>> {
    return this.#ask({ type: 'list-sessions', tenant: this.#tenant, page });
  }

  deleteSession(session: string): Promise<void> {
    const event = { type: 'delete-session', tenant: this.#tenant, session } as const;
    void this.#cachedTurns.flush();
    return this.#actor.ask<void>(event, ASK_TIMEOUT_MS, { code: 'SESSION_NOT_FOUND', reply: () => undefined });
  }

  async readSetting(name: string): Promise<string | undefined> {
    return (await this.#ask<string | null>({ type: 'read-setting', tenant: this.#tenant, name })) ?? undefined;
  }

  writeSetting(name: string, value: string): Promise<void> {
    return this.#ask({ type: 'write-setting', tenant: this.#tenant, name, value });
  }

  addFeedback(feedback: Feedback, at: number): Promise<void> {
    return this.#ask({ type: 'add-feedback', tenant: this.#tenant, feedback, at });
  }

  #ask<Reply>(event: ConversationEvent): Promise<Reply> {
    void this.#cachedTurns.flush();
    return this.#actor.ask<Reply>(event, ASK_TIMEOUT_MS);
  }
}
