import type { Chunking, JobRecord, NewDocument } from '#src/ports/store.ts';

/** What clients of any kind may do with documents: the door of the ingestion actors. */
export interface Ingest {
  /**
   * Takes documents in. Resolves once they are on disk as a job, which then runs by itself, also after a restart.
   * Rejects, and takes none, with INVALID_REQUEST, DOCUMENT_EMPTY, DOCUMENT_TOO_LARGE, DOCUMENT_DUPLICATE, STORE_FULL,
   * STORE_UNAVAILABLE.
   */
  index(documents: readonly NewDocument[], chunking: Chunking): Promise<JobRecord>;
  /** Chunks and indexes every document again. */
  reindex(): Promise<JobRecord>;
  /** Resolves with the job once it has ended. Rejects with JOB_NOT_FOUND or the reason of `signal`. */
  whenEnded(job: string, signal?: AbortSignal): Promise<JobRecord>;
  /** Ends a job; the documents that are through stay. Rejects with JOB_NOT_FOUND. */
  cancel(job: string): Promise<JobRecord>;
}
