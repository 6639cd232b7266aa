import type { KnowledgeWriterInfo, Scope } from '../knowledge/events.ts';

/**
 * The main thread's copy of the collections' epochs, to be read without asking. It is right from the writer's start on,
 * never older than what a reply has told, and says nothing while the writer is down: what had been committed then is unknown.
 */
export class Epochs {
  #epochs: Map<string, number> | undefined;

  writerUp({ epochs }: KnowledgeWriterInfo): void {
    this.#epochs = new Map(epochs.map((told) => [keyOf(told), told.epoch]));
  }

  writerDown(): void {
    this.#epochs = undefined;
  }

  told(scope: Scope, epoch: number): void {
    this.#epochs?.set(keyOf(scope), Math.max(epoch, this.#epochs.get(keyOf(scope)) ?? 0));
  }

  /** 0 for a collection that nothing was ever written to. */
  of(scope: Scope): number | undefined {
    return this.#epochs === undefined ? undefined : (this.#epochs.get(keyOf(scope)) ?? 0);
  }
}

function keyOf({ tenant, collection }: Scope): string {
  return JSON.stringify([tenant, collection]);
}
