import type { DatabaseSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import type { WorkerRequest } from '#supervisors/kernel/handles/worker-endpoint.ts';
import { isConstraintError, toStoreError } from './sqlite-error.ts';
import { pathOf, savepoint, transaction } from './sqlite.ts';

type Outcome = { readonly value: unknown } | { readonly error: ServiceError };

/**
 * Applies all events of one turn of the loop in one transaction, so that they share one fsync, and replies after the
 * commit. An event that is refused leaves nothing behind and the others stand. When the transaction itself fails, all
 * of its events fail with that error and none has happened. An error without a code is a fault of the program: nothing
 * is committed and it is thrown on, to end the worker.
 */
export function commitTogether<Event>(
  database: DatabaseSync,
  requests: readonly WorkerRequest<Event>[],
  apply: (event: Event) => unknown,
): void {
  answerTogether(database, requests, () =>
    transaction(database, 'immediate', () => requests.map(({ event }) => applyAlone(database, () => apply(event)))),
  );
}

/** Answers events that only read, all from one snapshot. */
export function readTogether<Event>(
  database: DatabaseSync,
  requests: readonly WorkerRequest<Event>[],
  read: (event: Event) => unknown,
): void {
  answerTogether(database, requests, () =>
    transaction(database, 'deferred', () =>
      requests.map(({ event }) => {
        try {
          return { value: read(event) };
        } catch (error) {
          return { error: refusalOf(database, error) };
        }
      }),
    ),
  );
}

function applyAlone(database: DatabaseSync, apply: () => unknown): Outcome {
  try {
    return { value: savepoint(database, apply) };
  } catch (error) {
    const refusal = refusalOf(database, error);
    // SQLite has rolled the whole batch back: nothing of it may be confirmed.
    if (!database.isTransaction) throw refusal;
    return { error: refusal };
  }
}

function answerTogether<Event>(
  database: DatabaseSync,
  requests: readonly WorkerRequest<Event>[],
  run: () => readonly Outcome[],
): void {
  let outcomes: readonly Outcome[];
  try {
    outcomes = run();
  } catch (error) {
    const refusal = refusalOf(database, error);
    for (const request of requests) request.fail(refusal);
    return;
  }
  for (const [index, request] of requests.entries()) answer(request, outcomes[index]);
}

function answer<Event>(request: WorkerRequest<Event>, outcome: Outcome | undefined): void {
  if (outcome === undefined) throw new TypeError('an event was applied without an outcome');
  if ('error' in outcome) request.fail(outcome.error);
  else request.reply(outcome.value);
}

/** The error to answer with. Throws `error` on when it has none: the worker cannot know what state it is in. */
function refusalOf(database: DatabaseSync, error: unknown): ServiceError {
  const known = toStoreError(error, pathOf(database));
  if (known !== undefined) return known;
  if (!isConstraintError(error)) throw error;
  return new ServiceError('INTERNAL', `${pathOf(database)}: ${String(error)}`, { cause: error });
}

/**
 * Collects what arrives in several messages of one turn of the loop, such as piled up behind the last commit's fsync,
 * and hands it on as one batch.
 */
export class Gathering<Event> {
  readonly #handle: (requests: readonly WorkerRequest<Event>[]) => void;
  #gathered: WorkerRequest<Event>[] = [];

  constructor(handle: (requests: readonly WorkerRequest<Event>[]) => void) {
    this.#handle = handle;
  }

  add(requests: readonly WorkerRequest<Event>[]): void {
    if (this.#gathered.length === 0) setImmediate(() => this.flush());
    this.#gathered.push(...requests);
  }

  /** To be called before closing, too: what was asked is still written. */
  flush(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    if (gathered.length > 0) this.#handle(gathered);
  }
}
