import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { networkFailure } from '../wire/failure.ts';
import { messageIn } from '../wire/request.ts';
import type { ProviderErrorFields } from '../wire/request.ts';

/** The codes of google.rpc.Code, as `status` names them. */
const FAILURE_OF_CODE: Readonly<Record<string, ProviderFailure>> = {
  ABORTED: 'unavailable',
  CANCELLED: 'unavailable',
  DEADLINE_EXCEEDED: 'timeout',
  // Billing is off, or the country is not served: of the account, not of the request.
  FAILED_PRECONDITION: 'auth',
  INTERNAL: 'unavailable',
  INVALID_ARGUMENT: 'bad_request',
  NOT_FOUND: 'not_found',
  OUT_OF_RANGE: 'bad_request',
  PERMISSION_DENIED: 'auth',
  RESOURCE_EXHAUSTED: 'rate_limited',
  UNAUTHENTICATED: 'auth',
  UNAVAILABLE: 'unavailable',
  UNIMPLEMENTED: 'bad_request',
  UNKNOWN: 'unavailable',
};

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads Google's error (google.rpc.Status) in each form that it comes in: an object, an array of one, the text of an
 * event stream, or as text in the message of another. Undefined where there is none, as in an HTML page.
 */
export function geminiErrorFields(_status: number, body: unknown): ProviderErrorFields | undefined {
  const error = rpcStatusIn(body, 0);
  if (error === undefined) return undefined;
  const details = Array.isArray(error['details']) ? error['details'].filter(isFields) : [];
  const failure = failureOf(error, details);
  const delayMs = retryDelayMs(details);
  const message = messageIn(error);
  return {
    ...(failure === undefined ? {} : { failure }),
    ...(message === undefined ? {} : { message }),
    ...(delayMs === undefined ? {} : { retryAfterMs: delayMs }),
  };
}

function rpcStatusIn(body: unknown, depth: number): Fields | undefined {
  if (depth > 4) return undefined;
  if (typeof body === 'string') return rpcStatusIn(parsedFrom(body), depth + 1);
  if (Array.isArray(body)) return rpcStatusIn(body[0], depth + 1);
  if (!isFields(body)) return undefined;
  const { error } = body;
  if (!isFields(error)) return undefined;
  return rpcStatusIn(error['message'], depth + 1) ?? error;
}

/** From the first brace on: before it stands `data:` or what the SDK puts there. */
function parsedFrom(text: string): unknown {
  const start = text.search(/[[{]/);
  if (start < 0) return undefined;
  try {
    return JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
}

function failureOf(error: Fields, details: readonly Fields[]): ProviderFailure | undefined {
  if (details.some(({ reason }) => reason === 'API_KEY_INVALID' || reason === 'API_KEY_EXPIRED')) return 'auth';
  if (isDailyQuota(details)) return 'quota';
  const { status } = error;
  return typeof status === 'string' && Object.hasOwn(FAILURE_OF_CODE, status) ? FAILURE_OF_CODE[status] : undefined;
}

/** QuotaFailure names the quota that is used up; one per minute is back in a minute, one per day is not. */
function isDailyQuota(details: readonly Fields[]): boolean {
  const violations = details.flatMap(({ violations }) => (Array.isArray(violations) ? violations.filter(isFields) : []));
  return violations.some(({ quotaId }) => typeof quotaId === 'string' && /PerDay/i.test(quotaId));
}

/** RetryInfo: `retryDelay: "21s"`, with a fraction or without. */
function retryDelayMs(details: readonly Fields[]): number | undefined {
  for (const { retryDelay } of details) {
    const seconds = typeof retryDelay === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(retryDelay)?.[1] : undefined;
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return undefined;
}

/** What the SDK threw after the response was opened. Refusals are thrown by our own fetch, as ProviderError. */
export function geminiFailure(account: string, error: unknown, signal: AbortSignal): ProviderError {
  if (signal.aborted || error instanceof ProviderError || error instanceof TypeError) return networkFailure(account, error, signal);
  if (error instanceof SyntaxError) return new ProviderError('bad_response', account, 'the answer is no JSON');
  if (!(error instanceof Error)) return new ProviderError('unavailable', account, String(error));
  const fields = error.name === 'ApiError' ? geminiErrorFields(0, error.message) : undefined;
  if (fields === undefined) return new ProviderError('truncated', account, error.message.slice(0, 200));
  const { retryAfterMs } = fields;
  return new ProviderError(fields.failure ?? 'unavailable', account, fields.message ?? 'an error inside the stream', {
    ...('status' in error && typeof error.status === 'number' ? { status: error.status } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
