import { ServiceError } from '#src/errors.ts';
import type { ErrorCode } from '#src/errors.ts';

/** What the store needs of the kernel. Rejections are those of `Kernel.ask`, of which ACTOR_DOWN counts here. */
export interface ActorLink {
  ask(name: string, event: { readonly type: string }, options: { readonly timeoutMs: number }): Promise<unknown>;
  /** Resolves when an actor of that name runs; rejects when none does in time. */
  whenUp(name: string, timeoutMs: number): Promise<void>;
}

export interface StoreActorOptions {
  readonly name: string;
  /** How long a call waits for the actor's restart. */
  readonly restartWaitMs: number;
}

/** What a repeated call answers when it finds its work done: by its first try, whose reply was lost. */
export interface AlreadyDone<Reply> {
  readonly code: ErrorCode;
  reply(): Reply;
}

const RETRY_AFTER_MS = 1000;

/** A worker of the store, as its callers see it. A call that meets its restart is made once more: all of them can be. */
export class StoreActor<Event extends { readonly type: string }> {
  readonly #link: ActorLink;
  readonly #options: StoreActorOptions;

  constructor(link: ActorLink, options: StoreActorOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** Rejects with `STORE_UNAVAILABLE` when the actor dies twice, or stays down. `Reply` is what the worker answers to `event`. */
  async ask<Reply>(event: Event, timeoutMs: number, alreadyDone?: AlreadyDone<Reply>): Promise<Reply> {
    const { name, restartWaitMs } = this.#options;
    try {
      return (await this.#link.ask(name, event, { timeoutMs })) as Reply;
    } catch (error) {
      if (!isServiceError(error, 'ACTOR_DOWN')) throw error;
    }
    try {
      await this.#link.whenUp(name, restartWaitMs);
      return (await this.#link.ask(name, event, { timeoutMs })) as Reply;
    } catch (error) {
      if (alreadyDone !== undefined && isServiceError(error, alreadyDone.code)) return alreadyDone.reply();
      throw isServiceError(error, 'ACTOR_DOWN') ? unavailable(name, error) : error;
    }
  }
}

function isServiceError(error: unknown, code: ErrorCode): boolean {
  return error instanceof ServiceError && error.code === code;
}

export function unavailable(name: string, cause?: unknown): ServiceError {
  return new ServiceError('STORE_UNAVAILABLE', `${name} is down`, { cause, retryAfterMs: RETRY_AFTER_MS });
}
