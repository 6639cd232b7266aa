import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ErrorBody } from '#src/errors.ts';
import type { NewDocument } from '#src/ports/store.ts';
import { queryOne } from '../sqlite.ts';
import type { Collection } from './collections.ts';

/** A document that a job has still to do. In a reindex only `document_id` says anything. */
export interface JobItem {
  readonly position: number;
  readonly document_id: string;
  readonly title: string | null;
  readonly uri: string | null;
  readonly metadata: string | null;
  readonly text: string | null;
}

/**
 * The documents of jobs. An item without an error is pending; it goes, and its text with it, when it is done, or loses
 * the text and keeps the error when it failed. Expects an open transaction.
 */
export class JobItems {
  readonly #insert: StatementSync;
  readonly #insertAllDocuments: StatementSync;
  readonly #next: StatementSync;
  readonly #delete: StatementSync;
  readonly #fail: StatementSync;
  readonly #addFailed: StatementSync;
  readonly #deletePending: StatementSync;
  readonly #countInJobs: StatementSync;
  readonly #deleteDocument: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `insert into job_item (tenant, collection, job, position, document_id, title, uri, metadata, text)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const ofJob = 'tenant = ? and collection = ? and job = ?';
    this.#insertAllDocuments = database.prepare(
      `insert into job_item (tenant, collection, job, position, document_id)
       select tenant, collection, ?, row_number() over (order by id) - 1, id
       from document where tenant = ? and collection = ?`,
    );
    this.#next = database.prepare(
      `select position, document_id, title, uri, metadata, text from job_item
       where ${ofJob} and position > ? and error is null order by position limit 1`,
    );
    this.#delete = database.prepare(`delete from job_item where ${ofJob} and position = ?`);
    this.#fail = database.prepare(`update job_item set error = ?, text = null where ${ofJob} and position = ?`);
    this.#addFailed = database.prepare(
      `insert into job_item (tenant, collection, job, position, document_id, error)
       select tenant, collection, number,
         (select coalesce(max(position), -1) + 1 from job_item
          where job_item.tenant = job.tenant and job_item.collection = job.collection and job_item.job = job.number), ?, ?
       from job where tenant = ? and collection = ? and number = ?`,
    );
    this.#deletePending = database.prepare(`delete from job_item where ${ofJob} and error is null`);
    const pendingDocument = 'tenant = ?1 and collection = ?2 and document_id = ?3 and error is null';
    this.#countInJobs = database.prepare(
      `update job set done = done + 1, unchanged = unchanged + 1
       where tenant = ?1 and collection = ?2 and number in (select job from job_item where ${pendingDocument})`,
    );
    this.#deleteDocument = database.prepare(`delete from job_item where ${pendingDocument}`);
  }

  add({ tenant, number }: Collection, job: number, documents: readonly NewDocument[]): void {
    for (const [position, { id, title, uri, metadata, text }] of documents.entries()) {
      const metadataJson = JSON.stringify(metadata ?? {});
      this.#insert.run(tenant, number, job, position, id, title ?? null, uri ?? null, metadataJson, text);
    }
  }

  /** Returns how many documents there are. */
  addAllDocuments({ tenant, number }: Collection, job: number): number {
    return Number(this.#insertAllDocuments.run(job, tenant, number).changes);
  }

  /** The first pending item after a position. */
  next({ tenant, number }: Collection, job: number, after: number): JobItem | undefined {
    return queryOne<JobItem>(this.#next, tenant, number, job, after);
  }

  delete({ tenant, number }: Collection, job: number, item: JobItem): void {
    this.#delete.run(tenant, number, job, item.position);
  }

  fail({ tenant, number }: Collection, job: number, failed: { item: JobItem; error: ErrorBody }): void {
    this.#fail.run(JSON.stringify(failed.error), tenant, number, job, failed.item.position);
  }

  /** Writes a failure down that came after the item was done; not where the job is gone. */
  addFailed({ tenant, number }: Collection, job: number, failed: { document: string; error: ErrorBody }): void {
    this.#addFailed.run(failed.document, JSON.stringify(failed.error), tenant, number, job);
  }

  deletePending({ tenant, number }: Collection, job: number): void {
    this.#deletePending.run(tenant, number, job);
  }

  /** Takes a document out of every job that has still to do it: for that job it is unchanged. True when there was one. */
  dropDocument({ tenant, number }: Collection, document: string): boolean {
    this.#countInJobs.run(tenant, number, document);
    return this.#deleteDocument.run(tenant, number, document).changes !== 0;
  }
}
