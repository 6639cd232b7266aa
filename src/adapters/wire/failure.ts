import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';

const FAILURE_OF_STATUS: Readonly<Record<number, ProviderFailure>> = {
  401: 'auth',
  403: 'auth',
  404: 'not_found',
  408: 'timeout',
  413: 'too_large',
  424: 'unavailable',
  429: 'rate_limited',
  504: 'timeout',
};

/** What a status means where the provider says nothing more exact. Redirects are never followed: they are no answer. */
export function failureOfStatus(status: number): ProviderFailure {
  const known = FAILURE_OF_STATUS[status];
  if (known !== undefined) return known;
  if (status >= 500) return 'unavailable';
  return status >= 400 ? 'bad_request' : 'bad_response';
}

/** Codes of fetch (undici), sockets and the AWS SDK's request handler that say "not in time". */
const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT', 'ESOCKETTIMEDOUT']);
/** Codes of what arrived but cannot be read. */
const UNREADABLE_CODES = new Set(['ERR_ENCODING_INVALID_ENCODED_DATA', 'Z_DATA_ERROR']);

/**
 * The failure of a call that got no (whole) answer. Our own signal decides first: a ProviderError that it was aborted
 * with passes through, a TimeoutError is `timeout`, everything else `aborted`. What remains is the network's:
 * DNS, TLS, refused and reset are `unavailable`.
 */
export function networkFailure(account: string, error: unknown, signal: AbortSignal): ProviderError {
  if (signal.aborted) return abortFailure(account, signal.reason);
  if (error instanceof ProviderError) return error;
  const { code, message } = innermostCause(error);
  return new ProviderError(failureOfCode(code), account, code === undefined ? message : `${code}: ${message}`, { cause: error });
}

function abortFailure(account: string, reason: unknown): ProviderError {
  if (reason instanceof ProviderError) return reason;
  const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
  return isTimeout ? new ProviderError('timeout', account, 'no answer before the deadline') : new ProviderError('aborted', account, 'the call was aborted');
}

function failureOfCode(code: string | undefined): ProviderFailure {
  if (code === undefined) return 'unavailable';
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  return UNREADABLE_CODES.has(code) ? 'bad_response' : 'unavailable';
}

interface Cause {
  readonly code: string | undefined;
  readonly message: string;
}

/** fetch says "fetch failed" and hides the reason in `cause`; several tried addresses come as an AggregateError. */
function innermostCause(error: unknown): Cause {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error; depth += 1) {
    const next: unknown = inner.cause ?? (inner instanceof AggregateError ? inner.errors[0] : undefined);
    if (!(next instanceof Error)) break;
    inner = next;
  }
  if (!(inner instanceof Error)) return { code: undefined, message: String(inner) };
  const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : undefined;
  return { code, message: inner.message };
}

/** Reads `Retry-After`: whole or broken seconds, or an HTTP date. Undefined when it is absent or makes no sense. */
export function retryAfterMs(value: string | null | undefined, nowMs: number = Date.now()): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  if (!/^[A-Z][a-z]+,? .*\d{2}:\d{2}:\d{2}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** What providers call their own id of a request, the most exact first. */
const REQUEST_ID_HEADERS = ['x-request-id', 'x-amzn-requestid', 'x-amz-request-id', 'x-goog-request-id', 'x-pinecone-request-id', 'cf-ray'];

export function requestIdOf(headers: Headers): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = headers.get(name);
    if (id !== null && id !== '') return id;
  }
  return undefined;
}
