/**
 * Every way in which a provider fails, decided in its adapter from typed fields (status, error name, finish reason),
 * never from a message. Who waits, who tries again and who melts a fuse is decided by this word alone.
 */
export const PROVIDER_FAILURES = {
  /** The credentials are missing, wrong, expired or not allowed to do this. */
  auth: { isRetryable: false, melts: false },
  /** The provider refused what we sent; it would refuse it again. */
  bad_request: { isRetryable: false, melts: false },
  /** The model, index or collection does not exist. */
  not_found: { isRetryable: false, melts: false },
  /** The prompt, batch or text is over a limit of the provider. */
  too_large: { isRetryable: false, melts: false },
  /** Too many requests for now: `retryAfterMs` where the provider said. */
  rate_limited: { isRetryable: true, melts: false },
  /** The account has used up what it may: waiting seconds does not help. */
  quota: { isRetryable: false, melts: false },
  /** No answer, or no further token, in time. */
  timeout: { isRetryable: true, melts: true },
  /** Our own signal was aborted. */
  aborted: { isRetryable: false, melts: false },
  /** Connection refused or reset, name or certificate not accepted, 5xx. */
  unavailable: { isRetryable: true, melts: true },
  /** A safety rule of the provider; never tried elsewhere. */
  blocked: { isRetryable: false, melts: false },
  /** The stream ended without its end. */
  truncated: { isRetryable: true, melts: true },
  /** A success that makes no sense: not JSON, a wrong count, a wrong dimension, no candidate. */
  bad_response: { isRetryable: true, melts: true },
} as const satisfies Record<string, { isRetryable: boolean; melts: boolean }>;

export type ProviderFailure = keyof typeof PROVIDER_FAILURES;

export interface ProviderErrorOptions extends ErrorOptions {
  readonly status?: number;
  /** How long the provider asked us to wait. */
  readonly retryAfterMs?: number;
  /** The provider's own id of the request, for its support. */
  readonly requestId?: string;
}

/** A failed call to a provider. `message` is for logs and may hold what the provider said; clients never see it. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly failure: ProviderFailure;
  /** The account, region and model that failed, as in the `account` of its adapter. */
  readonly account: string;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;

  constructor(failure: ProviderFailure, account: string, message: string, options: ProviderErrorOptions = {}) {
    super(`${account}: ${message}`, options);
    this.failure = failure;
    this.account = account;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.requestId = options.requestId;
  }

  /** Whether the same call may succeed later. */
  get isRetryable(): boolean {
    return PROVIDER_FAILURES[this.failure].isRetryable;
  }

  /** Whether the failure says that the provider is ill, so that its fuse counts it. */
  get melts(): boolean {
    return PROVIDER_FAILURES[this.failure].melts;
  }
}
