import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Metadata } from '#src/ports/answer.ts';
import type { VectorBacklog, VectorChunk, VectorTask } from '#src/ports/store.ts';
import { vectorId, versionPrefix } from '#src/rag/vector-id.ts';
import { queryAll, queryOne } from '../sqlite.ts';
import type { Collection } from './collections.ts';

interface TaskRow {
  readonly number: number;
  readonly kind: 'upsert' | 'delete';
  readonly document_id: string;
  readonly version: number;
}

interface TaskDocumentRow {
  readonly number: number;
  readonly title: string;
  readonly uri: string | null;
  readonly metadata: string;
}

interface TaskChunkRow {
  readonly position: number;
  readonly headings: string;
  readonly text: string;
}

/** Tasks are read with the texts of their chunks, which go from thread to thread in one message. */
const MAX_CHARACTERS = 1024 * 1024;

/** What the vector index has still to be told, to read. */
export class VectorTaskRows {
  readonly #selectNext: StatementSync;
  readonly #selectDocument: StatementSync;
  readonly #selectChunks: StatementSync;
  readonly #countPending: StatementSync;
  readonly #countFailed: StatementSync;

  constructor(database: DatabaseSync) {
    const owned = 'tenant = ? and collection = ?';
    this.#selectNext = database.prepare(
      `select number, kind, document_id, version from vector_task where ${owned} and error is null order by number limit ?`,
    );
    this.#selectDocument = database.prepare(
      `select number, title, uri, metadata from document where ${owned} and id = ? and version = ?`,
    );
    this.#selectChunks = database.prepare(
      `select position, headings, text from chunk where ${owned} and document = ? order by position`,
    );
    this.#countPending = database.prepare(`select count(*) as count from vector_task where ${owned} and error is null`);
    this.#countFailed = database.prepare(`select count(*) as count from vector_task where ${owned} and error is not null`);
  }

  next(collection: Collection | undefined, limit: number): readonly VectorTask[] {
    if (collection === undefined) return [];
    const tasks: VectorTask[] = [];
    let characters = 0;
    for (const row of queryAll<TaskRow>(this.#selectNext, collection.tenant, collection.number, limit)) {
      if (characters >= MAX_CHARACTERS) break;
      const task = this.#toTask(collection, row);
      if (task.kind === 'upsert') for (const { text } of task.chunks) characters += text.length;
      tasks.push(task);
    }
    return tasks;
  }

  backlog(collection: Collection | undefined): VectorBacklog {
    if (collection === undefined) return { pending: 0, failed: 0 };
    const { tenant, number } = collection;
    const count = (statement: StatementSync): number => queryOne<{ count: number }>(statement, tenant, number)?.count ?? 0;
    return { pending: count(this.#countPending), failed: count(this.#countFailed) };
  }

  #toTask({ tenant, number: collection }: Collection, { number, kind, document_id: document, version }: TaskRow): VectorTask {
    if (kind === 'delete') return { number, document, kind, prefix: versionPrefix(document, version) };
    const row = queryOne<TaskDocumentRow>(this.#selectDocument, tenant, collection, document, version);
    if (row === undefined) throw new TypeError(`vectors of a version are queued that does not exist: ${document}, ${version}`);
    const chunks = queryAll<TaskChunkRow>(this.#selectChunks, tenant, collection, row.number).map(
      ({ position, headings, text }): VectorChunk => ({
        id: vectorId(document, version, position),
        headings: JSON.parse(headings) as string[],
        text,
      }),
    );
    const { title, uri, metadata } = row;
    return { number, document, kind, title, uri, metadata: JSON.parse(metadata) as Metadata, chunks };
  }
}
