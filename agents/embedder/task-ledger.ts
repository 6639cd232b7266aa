import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { ProviderError } from '#src/ports/provider-error.ts';
import type { EndedVectorTask, VectorTask } from '#src/ports/store.ts';

interface Entry {
  /** Chunks that are still to come; of a deletion 1. */
  open: number;
  refusal: ProviderError | undefined;
}

/** How the tasks of a round stand: a task is over when nothing of it is open, and failed when a part of it was refused. */
export class TaskLedger {
  readonly #entries = new Map<number, Entry>();

  constructor(tasks: readonly VectorTask[]) {
    for (const task of tasks) {
      this.#entries.set(task.number, { open: task.kind === 'upsert' ? task.chunks.length : 1, refusal: undefined });
    }
  }

  /** A part of the task is through, or was refused. */
  count(task: number, refusal?: ProviderError): void {
    const entry = this.#entries.get(task);
    if (entry === undefined) throw new TypeError(`task ${task} is not of this round`);
    entry.open -= 1;
    entry.refusal ??= refusal;
  }

  /** Takes out the tasks that are over. */
  takeEnded(): readonly EndedVectorTask[] {
    const ended: EndedVectorTask[] = [];
    for (const [number, { open, refusal }] of this.#entries) {
      if (open > 0) continue;
      this.#entries.delete(number);
      ended.push(refusal === undefined ? { number } : { number, error: toErrorBody(embeddingFailed(refusal)) });
    }
    return ended;
  }
}

/** Tells the client the kind of the failure; what the provider said stays in the log. */
function embeddingFailed(cause: ProviderError): ServiceError {
  const details = [{ field: 'vectors', expected: 'text that the provider takes', got: cause.failure }];
  return new ServiceError('EMBEDDING_FAILED', cause.message, { cause, details });
}
