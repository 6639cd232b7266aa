import type { Chunking, JobRecord, NewDocument, PageRequest, SearchRequest } from '#src/ports/store.ts';

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
    | { readonly type: 'advance-job'; readonly job: string; readonly at: number }
    | { readonly type: 'cancel-job'; readonly job: string; readonly at: number }
    | { readonly type: 'delete-document'; readonly document: string }
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

/** What the knowledge reader understands; replies are those of KnowledgeStore. */
export type KnowledgeRead = Scope &
  (
    | { readonly type: 'search'; readonly request: SearchRequest }
    | { readonly type: 'get-document'; readonly document: string }
    | { readonly type: 'list-documents'; readonly page: PageRequest }
    | { readonly type: 'get-job'; readonly job: string }
    | { readonly type: 'list-jobs'; readonly page: PageRequest }
    | { readonly type: 'unfinished-jobs' }
  );

/** Told by the writer when it is up: the epochs of all collections. */
export interface KnowledgeWriterInfo {
  readonly epochs: readonly CollectionEpoch[];
}

export interface CollectionEpoch extends Scope {
  readonly epoch: number;
}
