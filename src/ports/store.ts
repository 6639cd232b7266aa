import type { Answer, AnswerEnd, AskOptions, Metadata, Source } from '#src/ports/answer.ts';
import type { ErrorBody } from '#src/errors.ts';
import type { TermStatistics } from '#src/ports/lexical-index.ts';

/**
 * What one tenant may do with its data. A session holds this object and nothing wider: no call takes a tenant's id,
 * so no caller can forget to filter by it. Every method rejects with a ServiceError: `STORE_UNAVAILABLE` while the
 * store restarts, `STORE_FULL` when the disk is, or what the method names.
 */
export interface TenantStore {
  readonly tenant: string;
  readonly conversations: ConversationStore;
  readonly knowledge: KnowledgeStore;
}

/** How a turn ended. */
export type TurnOutcome =
  | { readonly state: 'answered'; readonly end: AnswerEnd }
  | { readonly state: 'failed'; readonly error: ErrorBody };

export interface NewTurn {
  readonly id: string;
  readonly session: string;
  /** The asker's own id of the question; one id in one session is one turn. */
  readonly askId: string;
  readonly question: string;
  readonly options: AskOptions;
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** 1 for a turn whose run begins with its acceptance, so that this needs no write of its own. @defaultValue 0 */
  readonly attempts?: number;
}

/** A turn that was over when it began, in a session that begins with it. */
export interface CachedTurn extends NewTurn {
  readonly answer: Answer;
  readonly latencyMs: number;
}

export interface TurnRecord extends NewTurn {
  readonly state: 'accepted' | 'answered' | 'failed';
  /** How often a run of it was begun, over all processes. */
  readonly attempts: number;
  /** When its first run was begun, in milliseconds since the epoch. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly end: AnswerEnd | null;
  readonly error: ErrorBody | null;
}

export interface SessionRecord {
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly turnCount: number;
  /** The first question, for lists. */
  readonly title: string | null;
}

/** `cursor` of a page is given back as `after` to read the next one; null at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

export interface PageRequest {
  readonly limit: number;
  readonly after?: string;
}

export interface Feedback {
  readonly turn: string;
  readonly rating: 'up' | 'down';
  readonly comment?: string;
}

/** Sessions, their turns and messages, and what readers thought of them. Writes are on disk when they resolve. */
export interface ConversationStore {
  /**
   * Writes a turn, and its session when that is new. An `askId` that the session has seen with the same question gives
   * the turn of then (`repeated`); with another question it rejects with `ASK_CONFLICT`.
   */
  acceptTurn(turn: NewTurn): Promise<{ readonly turn: TurnRecord; readonly repeated: boolean }>;
  /**
   * Notes that a run of the turn begins, before it does, and returns how often that was. `attempts` is the count that the
   * caller knows: making the same call again counts once. Rejects with `TURN_NOT_FOUND`, `TURN_ENDED`.
   */
  beginAttempt(turn: string, attempts: number, at: number): Promise<number>;
  /** Takes runs back that were begun and neither ended nor failed: so many are left. Passes over a turn that has ended, or is not there. */
  resetAttempts(turn: string, attempts: number): Promise<void>;
  /** Writes the end of a turn once: false when it had ended before. Rejects with `TURN_NOT_FOUND`. */
  endTurn(turn: string, outcome: TurnOutcome, endedAt: number): Promise<boolean>;
  /**
   * Writes a turn that was answered from the cache, a moment later and together with others; calls that are made after
   * this one find it. Turns that were given one `answer` object share its row.
   */
  recordCachedTurn(turn: CachedTurn): Promise<void>;
  /** Resolves when no recorded turn waits to be written any more. */
  whenRecorded(): Promise<void>;
  /** Rejects with `TURN_NOT_FOUND`. */
  getTurn(turn: string): Promise<TurnRecord>;
  /** Turns without an end, oldest first: of one session, or of all. */
  unfinishedTurns(session?: string): Promise<readonly TurnRecord[]>;
  /** Rejects with `SESSION_NOT_FOUND`. */
  getSession(session: string): Promise<SessionRecord>;
  /** Oldest first. Rejects with `SESSION_NOT_FOUND`. */
  listTurns(session: string, page: PageRequest): Promise<Page<TurnRecord>>;
  /** The latest turns of a session, at most `limit`, oldest first: none where the session is not known. */
  latestTurns(session: string, limit: number): Promise<readonly TurnRecord[]>;
  /** Latest first. */
  listSessions(page: PageRequest): Promise<Page<SessionRecord>>;
  /** Forgets a session with everything in it. Rejects with `SESSION_NOT_FOUND`. */
  deleteSession(session: string): Promise<void>;
  /** What an operator chose under this name at run time; undefined when nobody did. */
  readSetting(name: string): Promise<string | undefined>;
  writeSetting(name: string, value: string): Promise<void>;
  /** A second opinion of a turn replaces the first. Rejects with `TURN_NOT_FOUND`. */
  addFeedback(feedback: Feedback, at: number): Promise<void>;
}

export interface NewDocument {
  readonly id: string;
  readonly text: string;
  readonly title?: string;
  readonly uri?: string;
  readonly metadata?: Metadata;
}

/** In tokens of our own tokenizer (src/rag/tokens.ts). */
export interface Chunking {
  readonly chunkSize: number;
  readonly overlap: number;
}

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface JobRecord {
  readonly id: string;
  readonly kind: 'index' | 'reindex';
  readonly state: JobState;
  readonly total: number;
  /** Documents that are through: indexed, unchanged or failed. */
  readonly done: number;
  readonly indexed: number;
  readonly unchanged: number;
  readonly chunks: number;
  /** Documents that are through but whose vectors are still to be made; 0 in a collection without an embedding model. */
  readonly pendingVectors: number;
  /** Documents that failed: with `EMBEDDING_FAILED` those that are found by their words only. */
  readonly failures: readonly { readonly document: string; readonly error: ErrorBody }[];
  readonly createdAt: number;
  readonly endedAt: number | null;
}

export interface DocumentRecord {
  readonly id: string;
  readonly title: string;
  readonly uri: string | null;
  readonly metadata: Metadata;
  readonly version: number;
  readonly chunkCount: number;
  /** Bytes of the text in UTF-8. */
  readonly sizeBytes: number;
  readonly updatedAt: number;
}

export interface ChunkRecord {
  readonly id: string;
  readonly position: number;
  /** The headings above the chunk, outermost first. */
  readonly headings: readonly string[];
  readonly text: string;
  /** Where the chunk stands in the document's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

export interface SearchRequest {
  readonly question: string;
  readonly limit: number;
  /** Only documents whose metadata holds all of these. */
  readonly filter?: Metadata;
  readonly language: string;
}

export interface SearchResult {
  /** Best first. */
  readonly sources: readonly Source[];
  /** The question's terms in their order, repeated as they were; empty when nothing in it can be searched. */
  readonly terms: readonly string[];
  readonly statistics: TermStatistics;
}

/** What the vectors of a collection are made with and kept in: the `id` of a model and of a vector index. */
export interface EmbeddingBinding {
  readonly model: string;
  readonly dimension: number;
  readonly index: string;
}

/** What the vector index has still to be told of one version of a document. */
export type VectorTask = {
  /** Tasks are done in the order of their numbers. */
  readonly number: number;
  readonly document: string;
} & (
  | {
      readonly kind: 'upsert';
      readonly title: string;
      readonly uri: string | null;
      readonly metadata: Metadata;
      readonly chunks: readonly VectorChunk[];
    }
  /** Of all vectors whose id begins with `prefix`. */
  | { readonly kind: 'delete'; readonly prefix: string }
);

export interface VectorChunk {
  /** As in src/rag/vector-id.ts. */
  readonly id: string;
  readonly headings: readonly string[];
  readonly text: string;
}

/** A task that is over: done, or failed for good. */
export interface EndedVectorTask {
  readonly number: number;
  readonly error?: ErrorBody;
}

/** In documents. */
export interface VectorBacklog {
  readonly pending: number;
  readonly failed: number;
}

/** Documents of one collection, their chunks and indexes, and the jobs that change them. */
export interface KnowledgeStore {
  /** The name of the collection, by which other stores keep what is made of it apart. */
  readonly collection: string;
  /** Raised by every change that could change an answer; undefined while the store restarts. */
  epoch(): number | undefined;
  /** Writes an index job with its documents; nothing is visible yet. */
  createIndexJob(documents: readonly NewDocument[], chunking: Chunking): Promise<JobRecord>;
  /** Writes a job that chunks and indexes all documents again from their stored text. */
  createReindexJob(): Promise<JobRecord>;
  /**
   * Does a bounded piece of the job and tells where it stands. Each document becomes visible in one transaction. With
   * `awaitsVectors` a job does not end while vectors of its documents are pending, or no model is bound yet.
   */
  advanceJob(job: string, options?: { readonly awaitsVectors: boolean }): Promise<JobRecord>;
  /** Ends a job that has not ended; documents that are through stay. Rejects with `JOB_NOT_FOUND`. */
  cancelJob(job: string): Promise<JobRecord>;
  /** Rejects with `JOB_NOT_FOUND`. */
  getJob(job: string): Promise<JobRecord>;
  /** Latest first. */
  listJobs(page: PageRequest): Promise<Page<JobRecord>>;
  /** Jobs that are queued or running, oldest first. */
  unfinishedJobs(): Promise<readonly JobRecord[]>;
  /** By id. */
  listDocuments(page: PageRequest): Promise<Page<DocumentRecord>>;
  /** Rejects with `DOCUMENT_NOT_FOUND`. */
  getDocument(id: string): Promise<DocumentRecord & { readonly chunks: readonly ChunkRecord[] }>;
  /** Rejects with `DOCUMENT_NOT_FOUND`. */
  deleteDocument(id: string): Promise<{ readonly chunksRemoved: number; readonly epoch: number }>;
  search(request: SearchRequest): Promise<SearchResult>;
  /**
   * Has vectors made of all documents, those of now and those to come. Repeating it changes nothing; with another index
   * all documents are queued for that one, with `again` for the same one, whose vectors were lost. Rejects with
   * `EMBEDDING_MISMATCH` when the collection's vectors are of another model or dimension.
   */
  bindEmbedding(binding: EmbeddingBinding, options?: { readonly again: boolean }): Promise<void>;
  /** The oldest pending tasks: at most `limit`, and no more after about a million characters of text. */
  nextVectorTasks(limit: number): Promise<readonly VectorTask[]>;
  /** Tells what is left. A task that is gone, because its document was replaced meanwhile, is passed over. */
  endVectorTasks(ended: readonly EndedVectorTask[]): Promise<VectorBacklog>;
  vectorBacklog(): Promise<VectorBacklog>;
  /**
   * The chunks of these vectors in the order of `ids`, with the ids that `search` gives them and a score of 0. Ids of
   * documents and versions that are no longer there, or that `filter` leaves out, are missing in it.
   */
  sourcesOfVectors(ids: readonly string[], filter?: Metadata): Promise<readonly Source[]>;
}
