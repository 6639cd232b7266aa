import { ServiceError } from '#src/errors.ts';
import type { KnowledgeWriterInfo } from '#src/store/knowledge/events.ts';
import { createStore, STORE_ACTORS } from '#src/store/tenant-store.ts';
import type { Store } from '#src/store/tenant-store.ts';
import type { ActorLink } from '#src/store/tenant/store-actor.ts';
import { WorkerClient } from './worker-client.ts';

const WORKER_FILES: ReadonlyMap<string, URL> = new Map([
  [STORE_ACTORS.conversations, new URL('../../src/store/conversations.worker.ts', import.meta.url)],
  [STORE_ACTORS.knowledgeWriter, new URL('../../src/store/knowledge.worker.ts', import.meta.url)],
  [STORE_ACTORS.knowledgeReader, new URL('../../src/store/knowledge-reader.worker.ts', import.meta.url)],
]);

/** The store over its real workers, with as much supervision as a test needs. */
export class StoreWorkers implements ActorLink {
  readonly store: Store;
  readonly #directory: string;
  readonly #clients = new Map<string, WorkerClient>();
  readonly #ups = new Map<string, PromiseWithResolvers<void>>();

  constructor(directory: string, restartWaitMs = 2000) {
    this.#directory = directory;
    this.store = createStore(this, { restartWaitMs });
  }

  /** Starts all three, in the order that the tree does. */
  async start(): Promise<this> {
    for (const name of WORKER_FILES.keys()) await this.startWorker(name);
    return this;
  }

  async startWorker(name: string): Promise<void> {
    const url = WORKER_FILES.get(name);
    if (url === undefined) throw new TypeError(`no worker is named ${name}`);
    const client = await WorkerClient.start(url, { directory: this.#directory });
    this.#clients.set(name, client);
    if (name === STORE_ACTORS.knowledgeWriter) this.store.writerUp(client.info as KnowledgeWriterInfo);
    this.#up(name).resolve();
  }

  /** Ends a worker where it stands. Nobody restarts it. */
  async kill(name: string): Promise<void> {
    const client = this.#clients.get(name);
    this.#clients.delete(name);
    this.#ups.delete(name);
    if (name === STORE_ACTORS.knowledgeWriter) this.store.writerDown();
    await client?.kill();
  }

  async stop(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.close()));
  }

  ask(name: string, event: { readonly type: string }): Promise<unknown> {
    const client = this.#clients.get(name);
    return client === undefined ? Promise.reject(new ServiceError('ACTOR_DOWN')) : client.ask(event);
  }

  whenUp(name: string, timeoutMs: number): Promise<void> {
    const timeout = new Promise<void>((_, reject) => {
      setTimeout(() => reject(new ServiceError('ACTOR_DOWN')), timeoutMs).unref();
    });
    return Promise.race([this.#up(name).promise, timeout]);
  }

  #up(name: string): PromiseWithResolvers<void> {
    const up = this.#ups.get(name) ?? Promise.withResolvers<void>();
    this.#ups.set(name, up);
    return up;
  }
}
