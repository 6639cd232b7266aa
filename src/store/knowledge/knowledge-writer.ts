import type { DatabaseSync } from 'node:sqlite';
import { ServiceError } from '#src/errors.ts';
import type { ErrorBody } from '#src/errors.ts';
import { checkChunking } from '#src/rag/chunk.ts';
import type { EmbeddingBinding, NewDocument } from '#src/ports/store.ts';
import { CollectionRows, CollectionWriter } from './collections.ts';
import type { Collection } from './collections.ts';
import { DocumentWriter } from './document-writer.ts';
import { DocumentRows } from './documents.ts';
import type { BindReply, DeleteReply, JobReply, KnowledgeWrite, KnowledgeWriterInfo, VectorsReply } from './events.ts';
import { indexPiece } from './indexing.ts';
import { JobItems } from './job-items.ts';
import { JobWriter } from './job-writer.ts';
import type { JobProgress } from './job-writer.ts';
import { hasEnded, JobRows } from './jobs.ts';
import type { JobRow } from './jobs.ts';
import { VectorTaskWriter } from './vector-task-writer.ts';
import { VectorTaskRows } from './vector-tasks.ts';

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
  readonly #vectorTasks: VectorTaskRows;
  readonly #vectorTaskWriter: VectorTaskWriter;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#collections = new CollectionRows(database);
    this.#collectionWriter = new CollectionWriter(database, this.#collections);
    this.#documents = new DocumentRows(database);
    this.#vectorTaskWriter = new VectorTaskWriter(database);
    this.#documentWriter = new DocumentWriter(database, this.#collections, this.#vectorTaskWriter);
    this.#jobs = new JobRows(database);
    this.#jobWriter = new JobWriter(database);
    this.#items = new JobItems(database);
    this.#vectorTasks = new VectorTaskRows(database);
  }

  info(): KnowledgeWriterInfo {
    return { epochs: this.#collections.epochs() };
  }

  apply(event: KnowledgeWrite): JobReply | DeleteReply | BindReply | VectorsReply {
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
      case 'bind-embedding':
        return this.#bindEmbedding(event);
      case 'end-vector-tasks':
        return this.#endVectorTasks(event);
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
    if (progress.done > 0 || job.state === 'queued') this.#jobWriter.addProgress(collection, job.number, progress);
    const isWaiting = event.awaitsVectors === true && this.#mayWaitForVectors(collection, job);
    if (isLast && !isWaiting) this.#jobWriter.end(collection, job.number, { state: endState(job, progress), at: event.at });
    if (progress.indexed > 0) this.#collectionWriter.setEpoch(collection, version);
    return this.#reply(collection, job.id, progress.indexed > 0 ? version : collection.epoch);
  }

  /** True also while the collection is not bound yet: then all of its documents are still to be queued. */
  #mayWaitForVectors(collection: Collection, { number }: JobRow): boolean {
    return collection.embedding_model === null || this.#jobs.pendingVectors(collection, number) > 0;
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

  #bindEmbedding({ binding, ...event }: Event<'bind-embedding'>): BindReply {
    const collection = this.#collectionWriter.open(event, event.language);
    checkBinding(collection, binding);
    if (collection.vector_index !== binding.index || event.again === true) {
      this.#collectionWriter.setEmbedding(collection, binding);
      this.#vectorTaskWriter.queueAll(collection);
    }
    return { epoch: collection.epoch };
  }

  /** New vectors can change an answer, so they raise the epoch. */
  #endVectorTasks(event: Event<'end-vector-tasks'>): VectorsReply {
    const collection = this.#collections.find(event);
    if (collection === undefined) return { backlog: { pending: 0, failed: 0 }, epoch: undefined };
    let isChanged = false;
    for (const { number, error } of event.ended) {
      if (error === undefined) isChanged = this.#vectorTaskWriter.done(collection, number) || isChanged;
      else this.#failVectorTask(collection, number, error);
    }
    const epoch = collection.epoch + (isChanged ? 1 : 0);
    if (isChanged) this.#collectionWriter.setEpoch(collection, epoch);
    return { backlog: this.#vectorTasks.backlog(collection), epoch };
  }

  #failVectorTask(collection: Collection, number: number, error: ErrorBody): void {
    const failed = this.#vectorTaskWriter.fail(collection, number, error);
    if (failed === undefined || failed.job === null) return;
    this.#items.addFailed(collection, failed.job, { document: failed.document_id, error });
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

/** Throws `EMBEDDING_MISMATCH`. Vectors of two models, or of two dimensions, cannot be compared. */
function checkBinding(collection: Collection, { model, dimension }: EmbeddingBinding): void {
  const { embedding_model: boundModel, embedding_dimension: boundDimension } = collection;
  if (boundModel === null || (boundModel === model && boundDimension === dimension)) return;
  const expected = `${boundModel} with dimension ${boundDimension}`;
  const got = `${model} with dimension ${dimension}`;
  const message =
    `the vectors of the collection "${collection.name}" were made by ${expected}, and ${got} is set: ` +
    'set the model of before again, or index the documents into another collection';
  throw new ServiceError('EMBEDDING_MISMATCH', message, { details: [{ field: 'embedding model', expected, got }] });
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
