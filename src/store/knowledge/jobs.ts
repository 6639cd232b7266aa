import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import type { ErrorBody } from '#src/errors.ts';
import type { JobRecord, JobState, Page, PageRequest } from '#src/ports/store.ts';
import { checkLimit, keyAfter, toPage } from '../page.ts';
import { queryAll, queryOne } from '../sqlite.ts';
import type { Collection } from './collections.ts';

export interface JobRow {
  readonly number: number;
  readonly id: string;
  readonly kind: JobRecord['kind'];
  readonly state: JobState;
  readonly total: number;
  readonly done: number;
  readonly indexed: number;
  readonly unchanged: number;
  readonly chunks: number;
  readonly chunk_size: number | null;
  readonly overlap: number | null;
  readonly created_at: number;
  readonly ended_at: number | null;
}

const COLUMNS = `number, id, kind, state, total, done, indexed, unchanged, chunks, chunk_size, overlap, created_at,
  ended_at`;

/** Jobs and their failures, to read. */
export class JobRows {
  readonly #select: StatementSync;
  readonly #selectPage: StatementSync;
  readonly #selectUnfinished: StatementSync;
  readonly #selectFailures: StatementSync;
  readonly #countVectors: StatementSync;

  constructor(database: DatabaseSync) {
    const owned = 'tenant = ? and collection = ?';
    this.#select = database.prepare(`select ${COLUMNS} from job where ${owned} and id = ?`);
    this.#selectPage = database.prepare(
      `select ${COLUMNS} from job where ${owned} and number < ? order by number desc limit ?`,
    );
    this.#selectUnfinished = database.prepare(
      `select ${COLUMNS} from job where ${owned} and state in ('queued', 'running') order by number`,
    );
    this.#selectFailures = database.prepare(
      `select document_id, error from job_item where ${owned} and job = ? and error is not null order by position`,
    );
    this.#countVectors = database.prepare(`select count(*) as count from vector_task where ${owned} and job = ? and error is null`);
  }

  find({ tenant, number }: Collection, id: string): JobRow | undefined {
    return queryOne<JobRow>(this.#select, tenant, number, id);
  }

  /** Throws `JOB_NOT_FOUND`. */
  row(collection: Collection | undefined, id: string): JobRow {
    const row = collection === undefined ? undefined : this.find(collection, id);
    if (row === undefined) throw new ServiceError('JOB_NOT_FOUND');
    return row;
  }

  /** Throws `JOB_NOT_FOUND`. */
  get(collection: Collection | undefined, id: string): JobRecord {
    const row = this.row(collection, id);
    if (collection === undefined) throw new ServiceError('JOB_NOT_FOUND');
    return this.#toRecord(collection, row);
  }

  list(collection: Collection | undefined, page: PageRequest): Page<JobRecord> {
    const limit = checkLimit(page.limit);
    const [before] = keyAfter(page, [Number.MAX_SAFE_INTEGER] as [number]);
    if (collection === undefined) return { items: [], cursor: null };
    const rows = queryAll<JobRow>(this.#selectPage, collection.tenant, collection.number, before, limit + 1);
    return toPage(rows, limit, (row) => this.#toRecord(collection, row), (row) => [row.number]);
  }

  /** How many documents of the job wait for their vectors. */
  pendingVectors({ tenant, number }: Collection, job: number): number {
    return queryOne<{ count: number }>(this.#countVectors, tenant, number, job)?.count ?? 0;
  }

  unfinished(collection: Collection | undefined): readonly JobRecord[] {
    if (collection === undefined) return [];
    const rows = queryAll<JobRow>(this.#selectUnfinished, collection.tenant, collection.number);
    return rows.map((row) => this.#toRecord(collection, row));
  }

  #toRecord(collection: Collection, row: JobRow): JobRecord {
    const { tenant, number } = collection;
    const failures = queryAll<{ document_id: string; error: string }>(this.#selectFailures, tenant, number, row.number);
    return {
      id: row.id,
      kind: row.kind,
      state: row.state,
      total: row.total,
      done: row.done,
      indexed: row.indexed,
      unchanged: row.unchanged,
      chunks: row.chunks,
      pendingVectors: this.pendingVectors(collection, row.number),
      failures: failures.map(({ document_id: document, error }) => ({ document, error: JSON.parse(error) as ErrorBody })),
      createdAt: row.created_at,
      endedAt: row.ended_at,
    };
  }
}

export function hasEnded(job: JobRow): boolean {
  return job.state !== 'queued' && job.state !== 'running';
}
