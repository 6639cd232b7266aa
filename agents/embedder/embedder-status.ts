import type { ServiceError } from '#src/errors.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorBacklog } from '#src/ports/store.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';

export const EMBEDDER = 'embedder';

/** What holds the embedder up. */
export type EmbedderFailure = ProviderError | ServiceError;

/** What others read of the embedder: its table. */
export class EmbedderStatus {
  readonly #clock: Clock;
  /** When vectors last came through, or work was there after a rest; undefined while there is none. */
  #busySinceMs: number | undefined;
  #failure: EmbedderFailure | undefined;
  #backlog: VectorBacklog | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In documents, as last read; undefined before that. */
  get backlog(): VectorBacklog | undefined {
    return this.#backlog;
  }

  /** Why the work is held up; undefined while it is not. */
  get failure(): EmbedderFailure | undefined {
    return this.#failure;
  }

  /** For how long work has been waiting without any coming through; Infinity where waiting does not help. */
  get stalledForMs(): number {
    if (this.#failure !== undefined && !this.#failure.isRetryable) return Infinity;
    return this.#busySinceMs === undefined ? 0 : this.#clock.now() - this.#busySinceMs;
  }

  /** A round begins. */
  began(): void {
    this.#busySinceMs ??= this.#clock.now();
  }

  /** Something came through. */
  progressed(): void {
    this.#busySinceMs = this.#clock.now();
    this.#failure = undefined;
  }

  counted(backlog: VectorBacklog): void {
    this.#backlog = backlog;
  }

  /** A round is over. */
  ended({ taken, failure }: { readonly taken: number; readonly failure: EmbedderFailure | undefined }): void {
    this.#failure = failure;
    if (taken === 0 && failure === undefined) this.#busySinceMs = undefined;
  }
}

/** How the vectors of documents stand; undefined while the embedder is down, or where there is none. */
export function embedderStatus(kernel: Kernel): EmbedderStatus | undefined {
  return kernel.table<EmbedderStatus>(EMBEDDER);
}

/** Whether the collection's vectors were made by another model, or the index is for another dimension: only other settings help. */
export function isMismatch(failure: EmbedderFailure): boolean {
  return 'code' in failure && failure.code === 'EMBEDDING_MISMATCH';
}
