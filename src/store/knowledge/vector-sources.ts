import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Metadata, Source } from '#src/ports/answer.ts';
import { chunkId } from '#src/rag/chunk-id.ts';
import type { VectorIdParts } from '#src/rag/vector-id.ts';
import { parseVectorId } from '#src/rag/vector-id.ts';
import { queryOne } from '../sqlite.ts';
import type { Collection } from './collections.ts';
import { documentFilter } from './search.ts';
import type { FilteredRow } from './search.ts';

interface SourceRow extends FilteredRow {
  readonly document_id: string;
  readonly title: string;
  readonly uri: string | null;
  readonly text: string;
}

/** Joins what a vector index has found with the documents of now: what it still holds of others is left out. */
export class VectorSources {
  readonly #select: StatementSync;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare(
      `select document.number as document_number, document.id as document_id, document.title, document.uri,
         document.metadata, chunk.text
       from document join chunk on chunk.tenant = document.tenant and chunk.collection = document.collection
         and chunk.document = document.number
       where document.tenant = ? and document.collection = ? and document.id_hash = ? and document.version = ?
         and chunk.position = ?`,
    );
  }

  find(collection: Collection | undefined, ids: readonly string[], filter?: Metadata): readonly Source[] {
    if (collection === undefined) return [];
    const isWanted = documentFilter(filter);
    return ids.flatMap((id) => {
      const parts = parseVectorId(id);
      const row = parts === undefined ? undefined : this.#row(collection, parts);
      return parts !== undefined && row !== undefined && isWanted(row) ? [toSource(row, parts)] : [];
    });
  }

  #row({ tenant, number }: Collection, { documentHash, version, position }: VectorIdParts): SourceRow | undefined {
    return queryOne<SourceRow>(this.#select, tenant, number, documentHash, version, position);
  }
}

function toSource(row: SourceRow, { version, position }: VectorIdParts): Source {
  return {
    id: chunkId(row.document_id, version, position),
    document_id: row.document_id,
    title: row.title,
    uri: row.uri,
    text: row.text,
    score: 0,
    metadata: JSON.parse(row.metadata) as Metadata,
  };
}
