import type { TenantStore } from '#src/ports/store.ts';
import type { ConversationEvent } from './conversations/events.ts';
import { Epochs } from './tenant/epochs.ts';
import type { KnowledgeRead, KnowledgeWrite, KnowledgeWriterInfo } from './knowledge/events.ts';
import { StoreActor } from './tenant/store-actor.ts';
import type { ActorLink } from './tenant/store-actor.ts';
import { TenantConversations } from './tenant/conversations.ts';
import { TenantKnowledge } from './tenant/knowledge.ts';
import type { KnowledgeParts } from './tenant/knowledge.ts';

/** The names that the store's workers are registered under. */
export const STORE_ACTORS = {
  conversations: 'conversations',
  knowledgeWriter: 'knowledge',
  knowledgeReader: 'knowledge-reader',
} as const;

/** The one collection of a tenant, for now. */
const COLLECTION = 'default';

export interface StoreOptions {
  /** Of a collection when it is made: ISO 639-1. @defaultValue en */
  readonly language?: string;
  /** How long a call waits for a worker that restarts before it is `STORE_UNAVAILABLE`. @defaultValue 2000 */
  readonly restartWaitMs?: number;
  /** Milliseconds since the epoch. @defaultValue Date.now */
  readonly now?: () => number;
}

/** The store of all tenants: what the tree holds. Whatever serves one tenant gets that tenant's part of it. */
export class Store {
  readonly #conversations: StoreActor<ConversationEvent>;
  readonly #knowledge: KnowledgeParts;
  readonly #epochs = new Epochs();

  constructor(link: ActorLink, options: StoreOptions) {
    const { language = 'en', restartWaitMs = 2000, now = Date.now } = options;
    this.#conversations = new StoreActor(link, { name: STORE_ACTORS.conversations, restartWaitMs });
    this.#knowledge = {
      writer: new StoreActor<KnowledgeWrite>(link, { name: STORE_ACTORS.knowledgeWriter, restartWaitMs }),
      reader: new StoreActor<KnowledgeRead>(link, { name: STORE_ACTORS.knowledgeReader, restartWaitMs }),
      epochs: this.#epochs,
      language,
      now,
    };
  }

  tenant(tenant: string): TenantStore {
    return {
      tenant,
      conversations: new TenantConversations(tenant, this.#conversations),
      knowledge: new TenantKnowledge({ tenant, collection: COLLECTION }, this.#knowledge),
    };
  }

  /** To be called with the knowledge writer's `info` before anybody can ask it. */
  writerUp(info: KnowledgeWriterInfo): void {
    this.#epochs.writerUp(info);
  }

  /** To be called as soon as the knowledge writer is down. */
  writerDown(): void {
    this.#epochs.writerDown();
  }
}

/** Makes the store over its workers, which the tree runs under `STORE_ACTORS`. */
export function createStore(link: ActorLink, options: StoreOptions = {}): Store {
  return new Store(link, options);
}
