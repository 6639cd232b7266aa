import { randomUUIDv7 } from 'node:crypto';
import type {
  ChunkRecord,
  Chunking,
  DocumentRecord,
  EmbeddingBinding,
  EndedVectorTask,
  JobRecord,
  KnowledgeStore,
  NewDocument,
  Page,
  PageRequest,
  SearchRequest,
  SearchResult,
  VectorBacklog,
  VectorTask,
} from '#src/ports/store.ts';
import type { Metadata, Source } from '#src/ports/answer.ts';
import type { Epochs } from './epochs.ts';
import type { BindReply, DeleteReply, JobReply, KnowledgeRead, KnowledgeWrite, Scope, VectorsReply } from '../knowledge/events.ts';
import { unavailable } from './store-actor.ts';
import type { StoreActor } from './store-actor.ts';

const READ_TIMEOUT_MS = 10_000;
/** A piece of a job with a very large document takes seconds, and others may wait before it. */
const WRITE_TIMEOUT_MS = 60_000;

export interface KnowledgeParts {
  readonly writer: StoreActor<KnowledgeWrite>;
  readonly reader: StoreActor<KnowledgeRead>;
  readonly epochs: Epochs;
  /** Of a collection when it is made. */
  readonly language: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One collection of one tenant, over the knowledge writer and reader. */
export class TenantKnowledge implements KnowledgeStore {
  readonly #scope: Scope;
  readonly #parts: KnowledgeParts;

  constructor(scope: Scope, parts: KnowledgeParts) {
    this.#scope = scope;
    this.#parts = parts;
  }

  get collection(): string {
    return this.#scope.collection;
  }

  epoch(): number | undefined {
    return this.#parts.epochs.of(this.#scope);
  }

  createIndexJob(documents: readonly NewDocument[], chunking: Chunking): Promise<JobRecord> {
    const { language } = this.#parts;
    return this.#job({ type: 'create-index-job', ...this.#scope, ...this.#newJob(), documents, chunking, language });
  }

  createReindexJob(): Promise<JobRecord> {
    const { language } = this.#parts;
    return this.#job({ type: 'create-reindex-job', ...this.#scope, ...this.#newJob(), language });
  }

  advanceJob(job: string, { awaitsVectors }: { readonly awaitsVectors: boolean } = { awaitsVectors: false }): Promise<JobRecord> {
    return this.#job({ type: 'advance-job', ...this.#scope, job, awaitsVectors, at: this.#parts.now() });
  }

  cancelJob(job: string): Promise<JobRecord> {
    return this.#job({ type: 'cancel-job', ...this.#scope, job, at: this.#parts.now() });
  }

  getJob(job: string): Promise<JobRecord> {
    return this.#read({ type: 'get-job', ...this.#scope, job });
  }

  listJobs(page: PageRequest): Promise<Page<JobRecord>> {
    return this.#read({ type: 'list-jobs', ...this.#scope, page });
  }

  unfinishedJobs(): Promise<readonly JobRecord[]> {
    return this.#read({ type: 'unfinished-jobs', ...this.#scope });
  }

  listDocuments(page: PageRequest): Promise<Page<DocumentRecord>> {
    return this.#read({ type: 'list-documents', ...this.#scope, page });
  }

  getDocument(id: string): Promise<DocumentRecord & { readonly chunks: readonly ChunkRecord[] }> {
    return this.#read({ type: 'get-document', ...this.#scope, document: id });
  }

  async deleteDocument(id: string): Promise<DeleteReply> {
    const event = { type: 'delete-document', ...this.#scope, document: id } as const;
    const reply = await this.#parts.writer.ask<DeleteReply>(event, WRITE_TIMEOUT_MS, {
      code: 'DOCUMENT_NOT_FOUND',
      reply: () => this.#lostReceipt(),
    });
    this.#parts.epochs.told(this.#scope, reply.epoch);
    return reply;
  }

  search(request: SearchRequest): Promise<SearchResult> {
    return this.#read({ type: 'search', ...this.#scope, request });
  }

  async bindEmbedding(binding: EmbeddingBinding, { again }: { readonly again: boolean } = { again: false }): Promise<void> {
    const event = { type: 'bind-embedding', ...this.#scope, binding, again, language: this.#parts.language } as const;
    const { epoch } = await this.#parts.writer.ask<BindReply>(event, WRITE_TIMEOUT_MS);
    this.#parts.epochs.told(this.#scope, epoch);
  }

  nextVectorTasks(limit: number): Promise<readonly VectorTask[]> {
    return this.#read({ type: 'next-vector-tasks', ...this.#scope, limit });
  }

  async endVectorTasks(ended: readonly EndedVectorTask[]): Promise<VectorBacklog> {
    const event = { type: 'end-vector-tasks', ...this.#scope, ended } as const;
    const { backlog, epoch } = await this.#parts.writer.ask<VectorsReply>(event, WRITE_TIMEOUT_MS);
    if (epoch !== undefined) this.#parts.epochs.told(this.#scope, epoch);
    return backlog;
  }

  vectorBacklog(): Promise<VectorBacklog> {
    return this.#read({ type: 'vector-backlog', ...this.#scope });
  }

  sourcesOfVectors(ids: readonly string[], filter?: Metadata): Promise<readonly Source[]> {
    return this.#read({ type: 'sources-of-vectors', ...this.#scope, ids, ...(filter === undefined ? {} : { filter }) });
  }

  /** Of a document that is gone, but nobody knows any more how many chunks it had. */
  #lostReceipt(): DeleteReply {
    const epoch = this.epoch();
    if (epoch === undefined) throw unavailable('the knowledge writer');
    return { chunksRemoved: 0, epoch };
  }

  /** The id is given here, so that a call that is made twice makes one job. */
  #newJob(): { readonly job: string; readonly at: number } {
    return { job: randomUUIDv7(), at: this.#parts.now() };
  }

  async #job(event: KnowledgeWrite): Promise<JobRecord> {
    const { job, epoch } = await this.#parts.writer.ask<JobReply>(event, WRITE_TIMEOUT_MS);
    this.#parts.epochs.told(this.#scope, epoch);
    return job;
  }

  #read<Reply>(event: KnowledgeRead): Promise<Reply> {
    return this.#parts.reader.ask<Reply>(event, READ_TIMEOUT_MS);
  }
}
