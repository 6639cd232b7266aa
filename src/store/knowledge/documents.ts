import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import type { Metadata } from '#src/ports/answer.ts';
import type { ChunkRecord, DocumentRecord, Page, PageRequest } from '#src/ports/store.ts';
import { chunkId } from '#src/rag/chunk-id.ts';
import { checkLimit, keyAfter, toPage } from '../page.ts';
import { queryAll, queryOne } from '../sqlite.ts';
import type { Collection } from './collections.ts';

export interface DocumentRow {
  readonly number: number;
  readonly id: string;
  readonly title: string;
  readonly uri: string | null;
  readonly metadata: string;
  readonly version: number;
  readonly content_hash: string;
  readonly chunk_size: number;
  readonly overlap: number;
  readonly chunk_count: number;
  readonly size_bytes: number;
  readonly job: number;
  readonly updated_at: number;
}

interface ChunkRow {
  readonly position: number;
  readonly headings: string;
  readonly text: string;
  readonly start_offset: number;
  readonly end_offset: number;
}

const COLUMNS = `number, id, title, uri, metadata, version, content_hash, chunk_size, overlap, chunk_count, size_bytes,
  job, updated_at`;

/** Documents and their chunks, to read. */
export class DocumentRows {
  readonly #select: StatementSync;
  readonly #selectPage: StatementSync;
  readonly #selectChunks: StatementSync;

  constructor(database: DatabaseSync) {
    const owned = 'tenant = ? and collection = ?';
    this.#select = database.prepare(`select ${COLUMNS} from document where ${owned} and id = ?`);
    this.#selectPage = database.prepare(
      `select ${COLUMNS} from document where ${owned} and id > ? order by id limit ?`,
    );
    this.#selectChunks = database.prepare(
      `select position, headings, text, start_offset, end_offset from chunk
       where ${owned} and document = ? order by position`,
    );
  }

  find({ tenant, number }: Collection, id: string): DocumentRow | undefined {
    return queryOne<DocumentRow>(this.#select, tenant, number, id);
  }

  get(collection: Collection | undefined, id: string): DocumentRecord & { readonly chunks: readonly ChunkRecord[] } {
    const row = collection === undefined ? undefined : this.find(collection, id);
    if (collection === undefined || row === undefined) throw new ServiceError('DOCUMENT_NOT_FOUND');
    const chunks = queryAll<ChunkRow>(this.#selectChunks, collection.tenant, collection.number, row.number);
    return { ...toDocumentRecord(row), chunks: chunks.map((chunk) => toChunkRecord(row, chunk)) };
  }

  list(collection: Collection | undefined, page: PageRequest): Page<DocumentRecord> {
    const limit = checkLimit(page.limit);
    const [after] = keyAfter(page, [''] as [string]);
    if (collection === undefined) return { items: [], cursor: null };
    const { tenant, number } = collection;
    const rows = queryAll<DocumentRow>(this.#selectPage, tenant, number, after, limit + 1);
    return toPage(rows, limit, toDocumentRecord, (row) => [row.id]);
  }
}

function toDocumentRecord(row: DocumentRow): DocumentRecord {
  return {
    id: row.id,
    title: row.title,
    uri: row.uri,
    metadata: JSON.parse(row.metadata) as Metadata,
    version: row.version,
    chunkCount: row.chunk_count,
    sizeBytes: row.size_bytes,
    updatedAt: row.updated_at,
  };
}

function toChunkRecord(document: DocumentRow, row: ChunkRow): ChunkRecord {
  return {
    id: chunkId(document.id, document.version, row.position),
    position: row.position,
    headings: JSON.parse(row.headings) as string[],
    text: row.text,
    start: row.start_offset,
    end: row.end_offset,
  };
}
