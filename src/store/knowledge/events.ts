import type { Metadata } from '#src/ports/answer.ts';
import type {
  Chunking,
  EmbeddingBinding,
  EndedVectorTask,
  JobRecord,
  NewDocument,
  PageRequest,
  SearchRequest,
  VectorBacklog,
} from '#src/ports/store.ts';

/** Whose data an event is about. */
export interface Scope {
  readonly tenant: string;
  readonly collection: string;
}

/** What the knowledge writer understands. */
export type KnowledgeWrite = Scope &
  (
    | {
        readonly type: 'create-index-job';
        readonly job: string;
        readonly documents: readonly NewDocument[];
        readonly chunking: Chunking;
        /** Of the collection, should it be new. */
        readonly language: string;
        readonly at: number;
      }
    | { readonly type: 'create-reindex-job'; readonly job: string; readonly language: string; readonly at: number }
    | { readonly type: 'advance-job'; readonly job: string; readonly awaitsVectors?: boolean; readonly at: number }
    | { readonly type: 'cancel-job'; readonly job: string; readonly at: number }
    | { readonly type: 'delete-document'; readonly document: string }
    | { readonly type: 'bind-embedding'; readonly binding: EmbeddingBinding; readonly again?: boolean; readonly language: string }
    | { readonly type: 'end-vector-tasks'; readonly ended: readonly EndedVectorTask[] }
  );

/** The writer's replies carry the collection's epoch as it is after the commit. */
export interface JobReply {
  readonly job: JobRecord;
  readonly epoch: number;
}

export interface DeleteReply {
  readonly chunksRemoved: number;
  readonly epoch: number;
}

export interface BindReply {
  readonly epoch: number;
}

export interface VectorsReply {
  readonly backlog: VectorBacklog;
  /** Undefined where the collection does not exist. */
  readonly epoch: number | undefined;
}

/** What the knowledge reader understands; replies are those of KnowledgeStore. */
export type KnowledgeRead = Scope &
  (
    | { readonly type: 'search'; readonly request: SearchRequest }
    | { readonly type: 'get-document'; readonly document: string }
    | { readonly type: 'list-documents'; readonly page: PageRequest }
    | { readonly type: 'get-job'; readonly job: string }
    | { readonly type: 'list-jobs'; readonly page: PageRequest }
    | { readonly type: 'unfinished-jobs' }
    | { readonly type: 'next-vector-tasks'; readonly limit: number }
    | { readonly type: 'vector-backlog' }
    | { readonly type: 'sources-of-vectors'; readonly ids: readonly string[]; readonly filter?: Metadata }
  );

/** Told by the writer when it is up: the epochs of all collections. */
export interface KnowledgeWriterInfo {
  readonly epochs: readonly CollectionEpoch[];
}

export interface CollectionEpoch extends Scope {
  readonly epoch: number;
}
