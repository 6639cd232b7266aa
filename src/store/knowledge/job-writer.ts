import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Chunking, JobRecord, JobState } from '#src/ports/store.ts';
import type { Collection } from './collections.ts';

/** Of a collection's ended jobs only the latest are kept. */
const MAX_ENDED_JOBS = 1000;

export interface NewJob {
  readonly id: string;
  readonly kind: JobRecord['kind'];
  readonly total: number;
  /** Null in a reindex: every document keeps its own. */
  readonly chunking: Chunking | null;
  readonly at: number;
}

/** What a piece of work adds to a job. */
export interface JobProgress {
  readonly done: number;
  readonly indexed: number;
  readonly unchanged: number;
  readonly chunks: number;
}

/** Writes jobs. Expects an open transaction. */
export class JobWriter {
  readonly #insert: StatementSync;
  readonly #prune: StatementSync;
  readonly #setTotal: StatementSync;
  readonly #addProgress: StatementSync;
  readonly #end: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `insert into job (tenant, collection, id, kind, state, total, chunk_size, overlap, created_at)
       values (?, ?, ?, ?, 'queued', ?, ?, ?, ?)`,
    );
    this.#prune = database.prepare(
      `delete from job where tenant = ?1 and collection = ?2 and ended_at is not null and number <=
         (select number from job where tenant = ?1 and collection = ?2 and ended_at is not null
          order by number desc limit 1 offset ${MAX_ENDED_JOBS})`,
    );
    const owned = 'tenant = ? and collection = ? and number = ?';
    this.#setTotal = database.prepare(`update job set total = ? where ${owned}`);
    this.#addProgress = database.prepare(
      `update job set state = 'running', done = done + ?, indexed = indexed + ?, unchanged = unchanged + ?,
         chunks = chunks + ? where ${owned}`,
    );
    this.#end = database.prepare(`update job set state = ?, ended_at = ? where ${owned}`);
  }

  /** Returns the job's number. */
  create({ tenant, number }: Collection, { id, kind, total, chunking, at }: NewJob): number {
    this.#prune.run(tenant, number);
    const { chunkSize = null, overlap = null } = chunking ?? {};
    return Number(this.#insert.run(tenant, number, id, kind, total, chunkSize, overlap, at).lastInsertRowid);
  }

  setTotal({ tenant, number }: Collection, job: number, total: number): void {
    this.#setTotal.run(total, tenant, number, job);
  }

  addProgress({ tenant, number }: Collection, job: number, progress: JobProgress): void {
    const { done, indexed, unchanged, chunks } = progress;
    this.#addProgress.run(done, indexed, unchanged, chunks, tenant, number, job);
  }

  end({ tenant, number }: Collection, job: number, ended: { state: JobState; at: number }): void {
    this.#end.run(ended.state, ended.at, tenant, number, job);
  }
}
