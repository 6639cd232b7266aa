/**
 * Everything that a user of `banyan/client` sees, and nothing else. The build hands this file out as the types of the
 * package, so it imports nothing; test/src/client/api.test.ts holds it against the code and the frames of the service.
 */

/** Connects to a service. Returns at once: what is asked before the connection stands is sent when it does. */
export declare function connect(options: ConnectOptions): Banyan;

export interface ConnectOptions {
  /** Where the service is, `https://answers.example`; a path before it is kept. `ws:` and `wss:` are understood too. */
  readonly url: string | URL;
  /** The session to come back to. @defaultValue a new one */
  readonly session?: string;
  /**
   * With `session`: the last `seq` that is known of it. A number that its log does not hold gives a snapshot of its latest
   * turns, `Infinity` always does.
   */
  readonly after?: number;
  /** The key of the caller. It is sent in a header, never in an address. */
  readonly key?: string;
  /** How long a service that cannot be reached is waited for, in milliseconds. @defaultValue for ever */
  readonly giveUpMs?: number;
  /** Silence after two of these is asked about, after three the connection counts as dead. @defaultValue 10 000 ms */
  readonly heartbeatMs?: number;
  /** @defaultValue the one of the platform */
  readonly WebSocket?: WebSocketConstructor;
}

export interface Banyan {
  /**
   * The id of the session, once the service has named it. A new session is kept by the service from its first question
   * on: a connection that is lost before may come back to another one. Rejects with what ended the client.
   */
  readonly session: Promise<string>;
  readonly status: Status;
  /**
   * Asks. Each call is a turn of its own, and turns are answered in the order in which they were accepted. Throws TypeError
   * for an id that cannot be one or is being answered, and for options that JSON cannot hold.
   */
  ask(question: string, options?: AskOptions): Answer;
  /** Stops a turn, also one that another client of the session asked. A turn that has ended stays as it is. */
  cancel(turn: string): void;
  /** Rates an answer. Rejects with a BanyanError where the service refuses it or cannot be reached. */
  feedback(turn: string, rating: 'up' | 'down', comment?: string): Promise<void>;
  /** Calls the listener with the status now and at every change. Returns how to stop that. */
  onStatus(listener: (status: Status) => void): () => void;
  /** Calls the listener with every frame of the session, logged ones in order and once. Returns how to stop that. */
  onFrame(listener: (frame: ServerFrame) => void): () => void;
  /** Calls the listener with the figures of the service, every second while there is a connection. Returns how to stop that. */
  onStatistics(listener: (statistics: Statistics) => void): () => void;
  /** Tries now what is waited with: for whoever knows that the network is back. */
  reconnect(): void;
  /** Ends the connection for good. Answers that have not ended fail with `CLOSED`; the service goes on with them. */
  close(): void;
}

/**
 * One question and its answer. Iterated, once, it gives events as they come; whoever leaves that loop before the end
 * cancels the turn. Events wait for a slow reader, pieces of text that wait are joined. `text` and `end` need no loop.
 */
export interface Answer extends AsyncIterable<AnswerEvent> {
  /** The id of the question, by which it can be asked again without becoming a second turn. */
  readonly id: string;
  /** The service's id of the turn, once it is accepted. */
  readonly turn: string | undefined;
  /** The whole answer. Rejects as `end` does. */
  text(): Promise<string>;
  /** The end, also of a cancelled answer. Rejects with the BanyanError that came instead. */
  end(): Promise<AnswerEnd>;
  /**
   * Stops the turn, which then ends as `cancelled`. The answer fails with `CANCELLED` where the question was not sent yet,
   * and where the service does not confirm within five seconds; it is then stopped as soon as the service is reached.
   */
  cancel(): void;
}

export type AnswerEvent =
  | { readonly type: 'accepted'; readonly id: string; readonly turn: string }
  | { readonly type: 'status'; readonly stage: Stage }
  | { readonly type: 'sources'; readonly sources: readonly Source[] }
  | { readonly type: 'delta'; readonly text: string }
  /** The service had to begin anew and says something else: `text` stands in place of all deltas before. */
  | { readonly type: 'reset'; readonly text: string }
  | ({ readonly type: 'end' } & AnswerEnd);

export interface AskOptions extends AnswerOptions {
  /** 1 to 128 characters, the caller's own: asking twice with one id is one turn. @defaultValue a random one */
  readonly id?: string;
  /** Aborted: the turn is cancelled. */
  readonly signal?: AbortSignal;
}

export interface AnswerOptions {
  readonly top_k?: number;
  readonly rerank?: boolean;
  readonly filter?: Metadata;
  readonly model?: string;
  readonly temperature?: number;
  readonly language?: string;
}

export type Status =
  | { readonly state: 'connecting' }
  | { readonly state: 'online'; readonly session: string }
  /** The service was not reached or the connection was lost; `attempt` counts the tries since. */
  | { readonly state: 'waiting'; readonly attempt: number; readonly retryInMs: number }
  /** By `close`, or by an error that trying again does not mend. */
  | { readonly state: 'ended'; readonly error: BanyanError };

/** A refusal of the service, with its code; or `UNREACHABLE`, `CLOSED`, `CANCELLED` or `UNEXPECTED`, which the client finds. */
export declare class BanyanError extends Error {
  readonly code: string;
  /** Whether the same request can succeed later. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: readonly ErrorDetail[];
  constructor(body: ErrorBody, options?: { readonly cause?: unknown });
}

export interface AnswerEnd {
  readonly turn: string;
  readonly answer: string;
  readonly citations: readonly Citation[];
  readonly sources: readonly Source[];
  readonly cache_hit: boolean;
  readonly latency_ms: number;
  /** The parts that were missing when the answer was made. */
  readonly degraded: readonly string[];
  readonly finish: 'stop' | 'length' | 'refused' | 'cancelled';
  readonly usage: Usage;
  readonly model: string;
}

export interface Source {
  readonly id: string;
  readonly document_id: string;
  readonly title: string;
  readonly uri: string | null;
  readonly text: string;
  /** Only the order within one answer means something. */
  readonly score: number;
  readonly metadata: Metadata;
}

/** `answer.slice(start, end)` is supported by the source. Offsets count UTF-16 units. */
export interface Citation {
  readonly source_id: string;
  readonly start: number;
  readonly end: number;
}

export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
}

export type Metadata = Readonly<Record<string, string | number | boolean | null>>;

/** Later versions of the service may add some. */
export type Stage =
  | 'queued'
  | 'cached'
  | 'embedding'
  | 'retrieving'
  | 'reranking'
  | 'generating'
  | 'recovering'
  | (string & Record<never, never>);

export interface ErrorDetail {
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retry_after_ms?: number;
  readonly details?: readonly ErrorDetail[];
}

/** A frame as it comes over the wire, see docs/protocol.md. */
export type ServerFrame = LoggedFrame | SocketFrame;

/** A frame of the session's log. A delta that stands for several begins at the number `from`. */
export type LoggedFrame = { readonly turn: string; readonly seq: number; readonly from?: number } & (
  | { readonly type: 'accepted'; readonly id: string; readonly question: string }
  | { readonly type: 'sources'; readonly sources: readonly Source[] }
  | { readonly type: 'answer-start' }
  | { readonly type: 'answer-delta'; readonly text: string }
  | ({ readonly type: 'answer-end' } & Omit<AnswerEnd, 'turn'>)
  | { readonly type: 'answer-error'; readonly error: ErrorBody }
);

export type SocketFrame =
  | { readonly type: 'ready'; readonly session: string; readonly last_seq: number; readonly resumed: boolean }
  | { readonly type: 'status'; readonly turn: string; readonly stage: Stage }
  | { readonly type: 'snapshot'; readonly turns: readonly SnapshotTurn[] }
  | { readonly type: 'error'; readonly id?: string; readonly turn?: string; readonly error: ErrorBody }
  | { readonly type: 'pong' }
  | ({ readonly type: 'stats' } & Statistics);

/** What was asked since the service began; `hit_rate` is the hits of all queries in percent. */
export interface Statistics {
  readonly queries: number;
  readonly hits: number;
  readonly misses: number;
  readonly errors: number;
  readonly hit_rate: number;
}

export interface SnapshotTurn {
  readonly id: string;
  readonly turn: string;
  readonly question: string;
  readonly state: 'queued' | 'running' | 'answered' | 'failed';
  readonly text: string;
  readonly sources: readonly Source[];
  readonly end?: Omit<AnswerEnd, 'turn'> | { readonly error: ErrorBody };
}

/** What the client uses of a WebSocket. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;
