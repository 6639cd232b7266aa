import type { DatabaseSync } from 'node:sqlite';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { ErrorBody } from '#src/errors.ts';
import type { Metadata } from '#src/ports/answer.ts';
import type { Chunking } from '#src/ports/store.ts';
import { chunkMarkdown } from '#src/rag/chunk.ts';
import { titleOf } from '#src/rag/title.ts';
import { isConstraintError, isSqliteError } from '../sqlite-error.ts';
import { savepoint } from '../sqlite.ts';
import type { Collection } from './collections.ts';
import type { DocumentWriter } from './document-writer.ts';
import type { DocumentRow, DocumentRows } from './documents.ts';
import { contentHash } from './fingerprints.ts';
import type { DocumentContent } from './fingerprints.ts';
import type { JobItem, JobItems } from './job-items.ts';
import type { JobProgress } from './job-writer.ts';
import type { JobRow } from './jobs.ts';

/** A piece of a job ends with the document that reaches one of these: about 50 ms of the writer's time. */
const PIECE_DOCUMENTS = 32;
const PIECE_CHARACTERS = 256 * 1024;

/** In UTF-16 units. A document is indexed in one go, and the worker must not be silent for longer than a second or two. */
export const MAX_DOCUMENT_CHARACTERS = 8 * 1024 * 1024;

export interface IndexingParts {
  readonly database: DatabaseSync;
  readonly documents: DocumentRows;
  readonly writer: DocumentWriter;
  readonly items: JobItems;
}

export interface Piece {
  readonly progress: JobProgress;
  readonly isLast: boolean;
}

type ItemOutcome = { readonly indexedChunks: number } | 'unchanged';

interface Task {
  readonly collection: Collection;
  readonly job: JobRow;
  /** The epoch at which the documents of this piece become visible; also their version. */
  readonly version: number;
  readonly at: number;
}

/**
 * Does the next documents of a job, each all or nothing: what fails leaves the version before as it was, is written
 * down with its error, and does not stop the job. Expects an open transaction.
 */
export function indexPiece(parts: IndexingParts, task: Task): Piece {
  const { collection, job } = task;
  let progress: JobProgress = { done: 0, indexed: 0, unchanged: 0, chunks: 0 };
  let characters = 0;
  let item = parts.items.next(collection, job.number, -1);
  while (item !== undefined && progress.done < PIECE_DOCUMENTS && characters < PIECE_CHARACTERS) {
    const done = indexItem(parts, task, item);
    characters += done.characters;
    progress = addOutcome(progress, done.outcome);
    item = parts.items.next(collection, job.number, item.position);
  }
  return { progress, isLast: item === undefined };
}

function addOutcome(progress: JobProgress, outcome: ItemOutcome | 'failed'): JobProgress {
  const done = progress.done + 1;
  if (outcome === 'failed') return { ...progress, done };
  if (outcome === 'unchanged') return { ...progress, done, unchanged: progress.unchanged + 1 };
  return { ...progress, done, indexed: progress.indexed + 1, chunks: progress.chunks + outcome.indexedChunks };
}

function indexItem(parts: IndexingParts, task: Task, item: JobItem): { outcome: ItemOutcome | 'failed'; characters: number } {
  const { collection, job } = task;
  let characters = 0;
  try {
    const before = parts.documents.find(collection, item.document_id);
    const content = contentOf(parts, task, { item, before });
    characters = content?.text.length ?? 0;
    const outcome =
      content === undefined
        ? 'unchanged'
        : savepoint(parts.database, () => indexDocument(parts, task, { content, before }));
    parts.items.delete(collection, job.number, item);
    return { outcome, characters };
  } catch (error) {
    parts.items.fail(collection, job.number, { item, error: failureOf(error, item) });
    return { outcome: 'failed', characters };
  }
}

/**
 * The error to write down for a document. Throws `error` on where the store has failed, not the document. A fault of the
 * program that this document has brought to light is the document's: a crash would meet it again at the next try.
 */
function failureOf(error: unknown, item: JobItem): ErrorBody {
  if (isSqliteError(error) && !isConstraintError(error)) throw error;
  if (!(error instanceof ServiceError)) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`document ${item.document_id} could not be indexed`, { code: 'BANYAN_INDEXING_FAULT', detail });
  }
  return toErrorBody(error);
}

/** Undefined for a document that was deleted after its reindex had been asked for. */
function contentOf(
  parts: IndexingParts,
  { collection, job }: Task,
  { item, before }: { item: JobItem; before: DocumentRow | undefined },
): DocumentContent | undefined {
  if (job.kind === 'index') {
    const { document_id: id, text, title, uri, metadata } = item;
    return { id, text: text ?? '', title, uri, metadata: JSON.parse(metadata ?? '{}') as Metadata };
  }
  if (before === undefined) return undefined;
  const { id, uri, metadata } = before;
  return { ...parts.writer.textOf(collection, before), id, uri, metadata: JSON.parse(metadata) as Metadata };
}

/** A reindex writes what is unchanged, too: it is asked for when what was derived from the text is in doubt. */
function indexDocument(
  parts: IndexingParts,
  { collection, job, version, at }: Task,
  { content, before }: { content: DocumentContent; before: DocumentRow | undefined },
): ItemOutcome {
  if (before !== undefined && before.job > job.number) return 'unchanged';
  checkText(content);
  const chunking = chunkingOf(job, before);
  const fingerprint = contentHash(content, chunking, collection.language);
  if (job.kind === 'index' && before?.content_hash === fingerprint) {
    parts.writer.confirm(collection, before, job.number);
    return 'unchanged';
  }
  const chunks = chunkMarkdown(content.text, chunking);
  const title = content.title ?? titleOf(content.text, content.id);
  const next = { content, title, version, contentHash: fingerprint, chunking, chunks, job: job.number, at };
  parts.writer.replace(collection, before, next);
  return { indexedChunks: chunks.length };
}

function chunkingOf(job: JobRow, before: DocumentRow | undefined): Chunking {
  const { chunk_size: chunkSize, overlap } = job;
  if (chunkSize !== null && overlap !== null) return { chunkSize, overlap };
  if (before === undefined) throw new TypeError('an index job has no chunking');
  return { chunkSize: before.chunk_size, overlap: before.overlap };
}

function checkText({ id, text }: DocumentContent): void {
  if (text.trim() === '') throw new ServiceError('DOCUMENT_EMPTY', undefined, { details: [{ field: 'text', got: id }] });
  if (text.length <= MAX_DOCUMENT_CHARACTERS) return;
  throw new ServiceError('DOCUMENT_TOO_LARGE', undefined, {
    details: [{ field: 'text', expected: `at most ${MAX_DOCUMENT_CHARACTERS} characters`, got: String(text.length) }],
  });
}
