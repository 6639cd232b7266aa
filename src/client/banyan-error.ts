import type { ErrorBody, ErrorDetail } from './api.ts';

/** What went wrong, as the service says it or as the client found it. */
export class BanyanError extends Error {
  override readonly name = 'BanyanError';
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: readonly ErrorDetail[];

  constructor({ code, message, retryable, retry_after_ms: retryAfterMs, details = [] }: ErrorBody, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.details = details;
  }
}

export function closedError(): BanyanError {
  return new BanyanError({ code: 'CLOSED', message: 'The client was closed.', retryable: false });
}

export function unreachable(options: { readonly cause?: unknown } = {}): BanyanError {
  return new BanyanError({ code: 'UNREACHABLE', message: 'The service cannot be reached.', retryable: true }, options);
}

export function protocolError(message: string): BanyanError {
  return new BanyanError({ code: 'UNEXPECTED', message, retryable: false });
}

/** A cancel that the service has not confirmed. */
export function cancelledError(message: string): BanyanError {
  return new BanyanError({ code: 'CANCELLED', message, retryable: false });
}
