import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ErrorBody } from '#src/errors.ts';
import { queryOne } from '../sqlite.ts';
import type { Collection } from './collections.ts';
import type { DocumentRow } from './documents.ts';

/** A version of a document whose vectors are to be made. */
export interface QueuedVersion {
  readonly id: string;
  readonly version: number;
  /** The number of the job that brings it. */
  readonly job: number;
}

/** A task that has failed for good. */
export interface FailedTask {
  readonly document_id: string;
  readonly job: number | null;
}

/**
 * Queues what the vector index has to be told, in the transaction of the change itself; in a collection without an
 * embedding model nothing is queued. A version that was queued may be on its way when it is replaced, so its vectors are
 * deleted whether or not they were made. Expects an open transaction.
 */
export class VectorTaskWriter {
  readonly #insert: StatementSync;
  readonly #insertAll: StatementSync;
  readonly #dropUpserts: StatementSync;
  readonly #dropAll: StatementSync;
  readonly #tryAgain: StatementSync;
  readonly #done: StatementSync;
  readonly #fail: StatementSync;

  constructor(database: DatabaseSync) {
    const owned = 'tenant = ? and collection = ?';
    this.#insert = database.prepare(
      'insert into vector_task (tenant, collection, kind, document_id, version, job) values (?, ?, ?, ?, ?, ?)',
    );
    this.#insertAll = database.prepare(
      `insert into vector_task (tenant, collection, kind, document_id, version, job)
       select tenant, collection, 'upsert', id, version,
         (select number from job where job.tenant = document.tenant and job.collection = document.collection
          and job.number = document.job and job.ended_at is null)
       from document where ${owned} order by number`,
    );
    this.#dropUpserts = database.prepare(`delete from vector_task where ${owned} and document_id = ? and kind = 'upsert'`);
    this.#dropAll = database.prepare(`delete from vector_task where ${owned}`);
    this.#tryAgain = database.prepare(
      `update vector_task set error = null, job = ? where ${owned} and document_id = ? and version = ? and kind = 'upsert'
         and error is not null`,
    );
    this.#done = database.prepare(`delete from vector_task where ${owned} and number = ? returning kind`);
    this.#fail = database.prepare(`update vector_task set error = ? where ${owned} and number = ? and error is null returning document_id, job`);
  }

  /** Queues all documents as they are now, and nothing else. Jobs that have not ended will wait for theirs. */
  queueAll({ tenant, number }: Collection): void {
    this.#dropAll.run(tenant, number);
    this.#insertAll.run(tenant, number);
  }

  replace(collection: Collection, before: DocumentRow | undefined, { id, version, job }: QueuedVersion): void {
    if (collection.embedding_model === null) return;
    if (before !== undefined) this.delete(collection, before);
    this.#insert.run(collection.tenant, collection.number, 'upsert', id, version, job);
  }

  delete(collection: Collection, { id, version }: DocumentRow): void {
    if (collection.embedding_model === null) return;
    const { tenant, number } = collection;
    this.#dropUpserts.run(tenant, number, id);
    this.#insert.run(tenant, number, 'delete', id, version, null);
  }

  /** Makes a failed task of the version pending again, for a job. */
  tryAgain(collection: Collection, { id, version }: DocumentRow, job: number): void {
    if (collection.embedding_model === null) return;
    this.#tryAgain.run(job, collection.tenant, collection.number, id, version);
  }

  /** True when vectors have come by it. */
  done({ tenant, number }: Collection, task: number): boolean {
    return queryOne<{ kind: string }>(this.#done, tenant, number, task)?.kind === 'upsert';
  }

  /** Undefined when the task is gone, or had failed before. */
  fail({ tenant, number }: Collection, task: number, error: ErrorBody): FailedTask | undefined {
    return queryOne<FailedTask>(this.#fail, JSON.stringify(error), tenant, number, task);
  }
}
