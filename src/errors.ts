/**
 * Every failure this service can name. `message` is the fixed sentence a client may read; what was expected and what
 * came goes into `details` or the log. A code is never reused for another meaning. test/src/errors.test.ts holds the
 * README's table against this one.
 */
export const ERROR_CATALOGUE = {
  // the caller's request
  INVALID_REQUEST: { status: 400, retryable: false, message: 'The request is not valid.' },
  INVALID_JSON: { status: 400, retryable: false, message: 'The body is not valid JSON.' },
  INVALID_FRAME: { status: 400, retryable: false, message: 'The frame is not valid.' },
  QUESTION_EMPTY: { status: 400, retryable: false, message: 'The question is empty.' },
  QUESTION_TOO_LONG: { status: 413, retryable: false, message: 'The question is too long.' },
  BODY_TOO_LARGE: { status: 413, retryable: false, message: 'The body is too large.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, message: 'The media type is not supported.' },
  UPLOAD_INCOMPLETE: { status: 400, retryable: false, message: 'The upload ended before it was complete.' },
  DOCUMENT_EMPTY: { status: 400, retryable: false, message: 'A document has no text.' },
  DOCUMENT_TOO_LARGE: { status: 413, retryable: false, message: 'A document is too large.' },
  DOCUMENT_DUPLICATE: { status: 400, retryable: false, message: 'Two documents of the request have the same id.' },
  ORIGIN_REFUSED: { status: 403, retryable: false, message: 'Requests from this web page or for this host name are not allowed.' },
  ASK_CONFLICT: { status: 409, retryable: false, message: 'This id was already used for another question.' },
  TURN_ENDED: { status: 409, retryable: false, message: 'The turn has already ended.' },

  // what was named does not exist
  ROUTE_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such route.' },
  SESSION_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such session.' },
  TURN_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such turn.' },
  DOCUMENT_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such document.' },
  JOB_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such job.' },
  ACTOR_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such actor.' },
  CRASH_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such crash.' },
  FUSE_NOT_FOUND: { status: 404, retryable: false, message: 'There is no such fuse.' },

  // limits and times
  RATE_LIMITED: { status: 429, retryable: true, message: 'Too many questions in a short time.' },
  OVERLOADED: { status: 503, retryable: true, message: 'The service has more work than it can take.' },
  DRAINING: { status: 503, retryable: true, message: 'The service is shutting down.' },
  ASK_TIMEOUT: { status: 504, retryable: true, message: 'A part of the service did not answer in time.' },
  TURN_TIMEOUT: { status: 504, retryable: true, message: 'The question was not answered in time.' },
  TURN_INTERRUPTED: { status: 503, retryable: true, message: 'The answer was interrupted; please ask again.' },
  TURN_EXPIRED: { status: 504, retryable: true, message: 'The question waited too long for its answer; please ask again.' },
  TURN_POISONED: { status: 500, retryable: false, message: 'The answer to this question failed three times; it is not tried again.' },

  // parts that are down
  ACTOR_DOWN: { status: 503, retryable: true, message: 'A part of the service is restarting.' },
  RETRIEVAL_UNAVAILABLE: { status: 503, retryable: true, message: 'The documents cannot be searched right now.' },
  MODEL_UNAVAILABLE: { status: 503, retryable: true, message: 'No model can answer right now.' },
  STORE_UNAVAILABLE: { status: 503, retryable: true, message: 'The store is not reachable right now.' },
  STORE_FULL: { status: 507, retryable: true, message: 'The disk of the store is full.' },
  STORE_CORRUPT: { status: 500, retryable: false, message: 'A file of the store is damaged.' },
  STORE_TOO_NEW: { status: 500, retryable: false, message: 'The store was written by a newer version.' },
  DATA_DIR_UNUSABLE: { status: 500, retryable: false, message: 'The data directory cannot be used.' },
  DATA_DIR_LOCKED: { status: 500, retryable: true, message: 'Another process holds the data directory.' },
  PORT_IN_USE: { status: 500, retryable: true, message: 'The port is already in use.' },
  EMBEDDING_MISMATCH: { status: 500, retryable: false, message: 'The vectors of the collection were made by another embedding model.' },
  EMBEDDING_FAILED: { status: 502, retryable: false, message: 'A document got no vectors; it is found by its words only.' },
  CONFIG_INVALID: { status: 500, retryable: false, message: 'The settings are not valid.' },
  INTERNAL: { status: 500, retryable: false, message: 'Something went wrong inside the service.' },
} as const satisfies Record<string, { status: number; retryable: boolean; message: string }>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** One thing that was wrong: where, what was expected, what came. Goes to the client as it is. */
export interface ErrorDetail {
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
}

export interface ServiceErrorOptions extends ErrorOptions {
  readonly details?: readonly ErrorDetail[];
  readonly retryAfterMs?: number;
}

/** The body of every refusal: REST, SSE, WebSocket and the command line show the same object. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly retry_after_ms?: number;
  readonly details?: readonly ErrorDetail[];
}

/** A failure with a code of the catalogue. `message` is for the log; clients get `toErrorBody`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[] | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message?: string, options: ServiceErrorOptions = {}) {
    super(message ?? ERROR_CATALOGUE[code].message, options);
    this.code = code;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }

  get isRetryable(): boolean {
    return ERROR_CATALOGUE[this.code].retryable;
  }
}

/** What a client may know of `error`. Anything that is not a `ServiceError` becomes `INTERNAL`. */
export function toErrorBody(error: unknown): ErrorBody {
  const known = error instanceof ServiceError ? error : new ServiceError('INTERNAL');
  const { message, retryable } = ERROR_CATALOGUE[known.code];
  return {
    code: known.code,
    message,
    retryable,
    ...(known.retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(known.retryAfterMs) }),
    ...(known.details === undefined ? {} : { details: known.details }),
  };
}
