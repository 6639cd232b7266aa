import type { ErrorBody } from '#src/errors.ts';
import { ERROR_CATALOGUE, ServiceError } from '#src/errors.ts';
import { Failure } from './failure.ts';

export interface RequestOptions {
  /** Sent as JSON by POST; without it the request is a GET. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** @defaultValue 30000 */
  readonly timeoutMs?: number;
}

/** Nobody answers there, or the connection broke: trying again may help. */
export class Unreachable extends Failure {}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * One request to the service. Resolves with the JSON of its reply. Rejects with the ServiceError that the service answered
 * with, Unreachable where nobody did, Failure where somebody else did, or the reason of `signal`.
 */
export async function request<Reply>(service: URL, path: string, options: RequestOptions = {}): Promise<Reply> {
  const { status, text } = await exchange(service, path, options);
  const reply = parseJson(text);
  if (reply === undefined) throw notBanyan(service, `it answered ${status} without JSON`);
  if (status < 400) return reply as Reply;
  const error = (reply as { readonly error?: ErrorBody } | null)?.error;
  throw error?.code === undefined ? notBanyan(service, `it answered ${status}`) : errorOf(error);
}

async function exchange(service: URL, path: string, { body, signal, timeoutMs = DEFAULT_TIMEOUT_MS }: RequestOptions) {
  const timeout = AbortSignal.timeout(timeoutMs);
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  try {
    const response = await fetch(new URL(path, service), { ...init, signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    signal?.throwIfAborted();
    throw timeout.aborted ? new Unreachable(`${service.href} did not answer within ${timeoutMs / 1000} s.`, { cause: error }) : unreachable(service, error);
  }
}

/** The sentence for a service that is not there. */
export function unreachable(service: URL, cause?: unknown): Unreachable {
  const advice = 'start it with `banyan serve`, or name another one with --url';
  return new Unreachable(`No Banyan answers at ${service.href}: ${advice}.`, { cause });
}

/** An error of the service as this program's own. A code that this version does not know is told as it came. */
export function errorOf({ code, message, details, retry_after_ms: retryAfterMs }: ErrorBody): ServiceError | Failure {
  if (!Object.hasOwn(ERROR_CATALOGUE, code)) return new Failure(`${code}: ${message}`);
  return new ServiceError(code, message, { ...(details && { details }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

function notBanyan(service: URL, why: string): Failure {
  return new Failure(`What answers at ${service.href} is no Banyan: ${why}. Name the service with --url.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
