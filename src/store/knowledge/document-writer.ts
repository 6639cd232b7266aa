import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LexicalIndex } from '#src/ports/lexical-index.ts';
import type { Chunking } from '#src/ports/store.ts';
import type { Chunk } from '#src/rag/chunk.ts';
import { chunkTerms } from '#src/rag/terms.ts';
import { documentHash } from '#src/rag/vector-id.ts';
import { queryAll, queryOne } from '../sqlite.ts';
import type { Collection, CollectionRows } from './collections.ts';
import type { DocumentRow } from './documents.ts';
import type { DocumentContent } from './fingerprints.ts';
import type { VectorTaskWriter } from './vector-task-writer.ts';

/** A version of a document that is ready to be written. */
export interface DocumentVersion {
  readonly content: DocumentContent;
  readonly title: string;
  readonly version: number;
  readonly contentHash: string;
  readonly chunking: Chunking;
  readonly chunks: readonly Chunk[];
  /** The number of the job that brings it. */
  readonly job: number;
  readonly at: number;
}

/** Writes documents with their chunks and index rows. Expects an open transaction: each call is all or nothing in it. */
export class DocumentWriter {
  readonly #collections: CollectionRows;
  readonly #vectorTasks: VectorTaskWriter;
  readonly #upsert: StatementSync;
  readonly #upsertText: StatementSync;
  readonly #selectText: StatementSync;
  readonly #setJob: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertChunk: StatementSync;
  readonly #selectChunkNumbers: StatementSync;
  readonly #deleteChunks: StatementSync;

  constructor(database: DatabaseSync, collections: CollectionRows, vectorTasks: VectorTaskWriter) {
    this.#collections = collections;
    this.#vectorTasks = vectorTasks;
    this.#upsert = database.prepare(
      `insert into document (tenant, collection, id, id_hash, title, uri, metadata, version, content_hash, chunk_size, overlap,
         chunk_count, size_bytes, job, updated_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (tenant, collection, id) do update set title = excluded.title, uri = excluded.uri,
         metadata = excluded.metadata, version = excluded.version, content_hash = excluded.content_hash,
         chunk_size = excluded.chunk_size, overlap = excluded.overlap, chunk_count = excluded.chunk_count,
         size_bytes = excluded.size_bytes, job = excluded.job, updated_at = excluded.updated_at
       returning number`,
    );
    this.#upsertText = database.prepare(
      `insert into document_text (tenant, collection, document, text, given_title) values (?, ?, ?, ?, ?)
       on conflict do update set text = excluded.text, given_title = excluded.given_title`,
    );
    const owned = 'tenant = ? and collection = ?';
    this.#selectText = database.prepare(`select text, given_title from document_text where ${owned} and document = ?`);
    this.#setJob = database.prepare(`update document set job = max(job, ?) where ${owned} and number = ?`);
    this.#delete = database.prepare(`delete from document where ${owned} and number = ?`);
    this.#insertChunk = database.prepare(
      `insert into chunk (tenant, collection, document, position, headings, start_offset, end_offset, text)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#selectChunkNumbers = database.prepare(`select number from chunk where ${owned} and document = ?`);
    this.#deleteChunks = database.prepare(`delete from chunk where ${owned} and document = ?`);
  }

  /** The text of a document and the title that its owner gave it. */
  textOf(collection: Collection, document: DocumentRow): { text: string; title: string | null } {
    const row = queryOne<{ text: string; given_title: string | null }>(
      this.#selectText,
      collection.tenant,
      collection.number,
      document.number,
    );
    if (row === undefined) throw new TypeError(`document ${document.number} has no text`);
    return { text: row.text, title: row.given_title };
  }

  /** Remembers that a job has confirmed the document, so that no older job overwrites it. Vectors that failed are tried again. */
  confirm(collection: Collection, document: DocumentRow, job: number): void {
    this.#vectorTasks.tryAgain(collection, document, job);
    if (document.job < job) this.#setJob.run(job, collection.tenant, collection.number, document.number);
  }

  /** Puts a version in the place of the one before, and queues the change of its vectors. */
  replace(collection: Collection, before: DocumentRow | undefined, version: DocumentVersion): void {
    const index = this.#collections.indexOf(collection);
    if (before !== undefined) this.#removeChunks(collection, before, index);
    const document = this.#writeDocument(collection, version);
    for (const [position, chunk] of version.chunks.entries()) {
      const row = this.#writeChunk(collection, document, position, chunk);
      index.add(row, chunkTerms({ title: version.title, headings: chunk.headings, text: chunk.text }, collection.language));
    }
    this.#vectorTasks.replace(collection, before, { id: version.content.id, version: version.version, job: version.job });
  }

  #writeDocument({ tenant, number }: Collection, { content, ...version }: DocumentVersion): number {
    const document = queryOne<{ number: number }>(
      this.#upsert,
      tenant,
      number,
      content.id,
      documentHash(content.id),
      version.title,
      content.uri,
      JSON.stringify(content.metadata),
      version.version,
      version.contentHash,
      version.chunking.chunkSize,
      version.chunking.overlap,
      version.chunks.length,
      Buffer.byteLength(content.text),
      version.job,
      version.at,
    );
    if (document === undefined) throw new TypeError('an upsert returned no row');
    this.#upsertText.run(tenant, number, document.number, content.text, content.title);
    return document.number;
  }

  #writeChunk({ tenant, number }: Collection, document: number, position: number, chunk: Chunk): number {
    const headings = JSON.stringify(chunk.headings);
    const { start, end, text } = chunk;
    const { lastInsertRowid } = this.#insertChunk.run(tenant, number, document, position, headings, start, end, text);
    return Number(lastInsertRowid);
  }

  /** Returns how many chunks went with the document. */
  delete(collection: Collection, document: DocumentRow): number {
    const removed = this.#removeChunks(collection, document, this.#collections.indexOf(collection));
    this.#delete.run(collection.tenant, collection.number, document.number);
    this.#vectorTasks.delete(collection, document);
    return removed;
  }

  #removeChunks({ tenant, number }: Collection, document: DocumentRow, index: LexicalIndex): number {
    const rows = queryAll<{ number: number }>(this.#selectChunkNumbers, tenant, number, document.number);
    for (const row of rows) index.remove(row.number);
    this.#deleteChunks.run(tenant, number, document.number);
    return rows.length;
  }
}
