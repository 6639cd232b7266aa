import type { DatabaseSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import { checkChunking } from '#src/rag/chunk.ts';
import type { NewDocument } from '#src/ports/store.ts';
import { CollectionRows, CollectionWriter } from './collections.ts';
import type { Collection } from './collections.ts';
import { DocumentWriter } from './document-writer.ts';
import { DocumentRows } from './documents.ts';
import type { DeleteReply, JobReply, KnowledgeWrite, KnowledgeWriterInfo } from './events.ts';
import { indexPiece } from './indexing.ts';
import { JobItems } from './job-items.ts';
import { JobWriter } from './job-writer.ts';
import type { JobProgress } from './job-writer.ts';
import { hasEnded, JobRows } from './jobs.ts';
import type { JobRow } from './jobs.ts';

type Event<Type extends KnowledgeWrite['type']> = Extract<KnowledgeWrite, { type: Type }>;

/** The operations that change `knowledge.db`, one for each event. The caller owns the transaction. */
export class KnowledgeWriter {
  readonly #database: DatabaseSync;
  readonly #collections: CollectionRows;
  readonly #collectionWriter: CollectionWriter;
  readonly #documents: DocumentRows;
  readonly #documentWriter: DocumentWriter;
  readonly #jobs: JobRows;
  readonly #jobWriter: JobWriter;
  readonly #items: JobItems;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#collections = new CollectionRows(database);
    this.#collectionWriter = new CollectionWriter(database, this.#collections);
    this.#documents = new DocumentRows(database);
    this.#documentWriter = new DocumentWriter(database, this.#collections);
    this.#jobs = new JobRows(database);
    this.#jobWriter = new JobWriter(database);
    this.#items = new JobItems(database);
  }

  info(): KnowledgeWriterInfo {
    return { epochs: this.#collections.epochs() };
  }

  apply(event: KnowledgeWrite): JobReply | DeleteReply {
    switch (event.type) {
      case 'create-index-job':
        return this.#createIndexJob(event);
      case 'create-reindex-job':
        return this.#createReindexJob(event);
      case 'advance-job':
        return this.#advanceJob(event);
      case 'cancel-job':
        return this.#cancelJob(event);
      case 'delete-document':
        return this.#deleteDocument(event);
      default:
        return unknownEvent(event);
    }
  }

  #createIndexJob(event: Event<'create-index-job'>): JobReply {
    const { job: id, documents, at } = event;
    const chunking = checkChunking(event.chunking);
    checkIds(documents);
    const collection = this.#collectionWriter.open(event, event.language);
    if (this.#jobs.find(collection, id) === undefined) {
      const total = documents.length;
      const job = this.#jobWriter.create(collection, { id, kind: 'index', total, chunking, at });
      this.#items.add(collection, job, documents);
    }
    return this.#reply(collection, id);
  }

  #createReindexJob(event: Event<'create-reindex-job'>): JobReply {
    const { job: id, at } = event;
    const collection = this.#collectionWriter.open(event, event.language);
    if (this.#jobs.find(collection, id) === undefined) {
      const job = this.#jobWriter.create(collection, { id, kind: 'reindex', total: 0, chunking: null, at });
      this.#jobWriter.setTotal(collection, job, this.#items.addAllDocuments(collection, job));
    }
    return this.#reply(collection, id);
  }

  #advanceJob(event: Event<'advance-job'>): JobReply {
    const { collection, job } = this.#find(event, event.job);
    if (hasEnded(job)) return this.#reply(collection, job.id);
    const version = collection.epoch + 1;
    const parts = { database: this.#database, documents: this.#documents, writer: this.#documentWriter, items: this.#items };
    const { progress, isLast } = indexPiece(parts, { collection, job, version, at: event.at });
    this.#jobWriter.addProgress(collection, job.number, progress);
    if (isLast) this.#jobWriter.end(collection, job.number, { state: endState(job, progress), at: event.at });
    if (progress.indexed > 0) this.#collectionWriter.setEpoch(collection, version);
    return this.#reply(collection, job.id, progress.indexed > 0 ? version : collection.epoch);
  }

  #cancelJob(event: Event<'cancel-job'>): JobReply {
    const { collection, job } = this.#find(event, event.job);
    if (!hasEnded(job)) {
      this.#items.deletePending(collection, job.number);
      this.#jobWriter.end(collection, job.number, { state: 'cancelled', at: event.at });
    }
    return this.#reply(collection, job.id);
  }

  /** A version that waits in a job goes, too: a deleted document does not come back on its own. */
  #deleteDocument(event: Event<'delete-document'>): DeleteReply {
    const collection = this.#collections.find(event);
    if (collection === undefined) throw new ServiceError('DOCUMENT_NOT_FOUND');
    const wasWaiting = this.#items.dropDocument(collection, event.document);
    const document = this.#documents.find(collection, event.document);
    if (document === undefined) {
      if (!wasWaiting) throw new ServiceError('DOCUMENT_NOT_FOUND');
      return { chunksRemoved: 0, epoch: collection.epoch };
    }
    const chunksRemoved = this.#documentWriter.delete(collection, document);
    const epoch = collection.epoch + 1;
    this.#collectionWriter.setEpoch(collection, epoch);
    return { chunksRemoved, epoch };
  }

  #find(event: Event<'advance-job' | 'cancel-job'>, id: string): { collection: Collection; job: JobRow } {
    const collection = this.#collections.find(event);
    if (collection === undefined) throw new ServiceError('JOB_NOT_FOUND');
    return { collection, job: this.#jobs.row(collection, id) };
  }

  #reply(collection: Collection, job: string, epoch = collection.epoch): JobReply {
    return { job: this.#jobs.get(collection, job), epoch };
  }
}

/** A job has failed when it had documents and every one of them failed. */
function endState(job: JobRow, progress: JobProgress): 'succeeded' | 'failed' {
  const through = job.indexed + progress.indexed + job.unchanged + progress.unchanged;
  return job.total > 0 && through === 0 ? 'failed' : 'succeeded';
}

/** Throws `INVALID_REQUEST` for an empty id and `DOCUMENT_DUPLICATE` for one that comes twice, as it would be stored. */
function checkIds(documents: readonly NewDocument[]): void {
  const seen = new Set<string>();
  for (const [position, { id }] of documents.entries()) {
    const field = `documents[${position}].id`;
    if (id === '') {
      throw new ServiceError('INVALID_REQUEST', undefined, { details: [{ field, expected: 'a text that is not empty', got: '' }] });
    }
    const stored = id.toWellFormed();
    if (seen.has(stored)) {
      throw new ServiceError('DOCUMENT_DUPLICATE', undefined, { details: [{ field, expected: 'an id of its own', got: id }] });
    }
    seen.add(stored);
  }
}

function unknownEvent(event: never): never {
  throw new TypeError(`the knowledge writer does not know the event ${JSON.stringify(event)}`);
}
