import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderErrorOptions, ProviderFailure } from '#src/ports/provider-error.ts';
import { failureOfStatus, networkFailure, requestIdOf, retryAfterMs } from './failure.ts';

/** What a provider's error body says; what it leaves out comes from the status and the headers. */
export interface ProviderErrorFields {
  readonly failure?: ProviderFailure;
  readonly message?: string;
  readonly retryAfterMs?: number;
  readonly requestId?: string;
}

/** One request in JSON. */
export interface WireCall {
  /** As in ProviderError. */
  readonly account: string;
  readonly url: string;
  /** POST where there is a body, GET otherwise. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is (a signature may cover it), everything else as JSON. */
  readonly body?: unknown;
  /** Aborting it closes the socket, before and after the headers. */
  readonly signal: AbortSignal;
  /** Reads a provider's own error body: parsed JSON, or the text where it is no JSON. */
  readonly errorOf?: (status: number, body: unknown) => ProviderErrorFields | undefined;
}

export interface WireAnswer {
  readonly body: unknown;
  readonly headers: Headers;
  readonly status: number;
}

export interface WireStream {
  /** Leaving a loop over it early closes the socket. */
  readonly body: ReadableStream<Uint8Array>;
  readonly headers: Headers;
  readonly status: number;
}

/** More of an error page than anybody reads. */
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_MESSAGE_LENGTH = 500;

/** Sends one request and reads the JSON of the answer (undefined for an empty one). Rejects with ProviderError. */
export async function requestJson(call: WireCall): Promise<WireAnswer> {
  const response = await send(call);
  const text = await response.text().catch((error: unknown) => {
    throw networkFailure(call.account, error, call.signal);
  });
  return { body: text === '' ? undefined : parseAnswer(call, response, text), headers: response.headers, status: response.status };
}

/** Sends one request and gives out the answer's bytes as they come. Rejects with ProviderError. */
export async function openStream(call: WireCall): Promise<WireStream> {
  const response = await send(call);
  if (response.body === null) throw failureOf(call, response, { failure: 'bad_response', message: 'an empty answer' });
  return { body: response.body, headers: response.headers, status: response.status };
}

async function send(call: WireCall): Promise<Response> {
  const { account, url, signal, body } = call;
  const method = call.method ?? (body === undefined ? 'GET' : 'POST');
  const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers };
  const bytes = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const init: RequestInit = { method, headers, redirect: 'manual', signal, ...(bytes === undefined ? {} : { body: bytes }) };
  const response = await fetch(url, init).catch((error: unknown) => {
    throw networkFailure(account, error, signal);
  });
  if (response.ok) return response;
  throw await refusalOf(call, response);
}

/** What a call needs for its refusal to be read. */
export type Refusable = Pick<WireCall, 'account' | 'headers' | 'signal' | 'errorOf'>;

/** Reads a response that is no success. */
export async function refusalOf(call: Refusable, response: Response): Promise<ProviderError> {
  const text = await readStart(response).catch((error: unknown) => {
    if (call.signal.aborted) throw networkFailure(call.account, error, call.signal);
    return '';
  });
  const body = parseLoosely(text);
  return failureOf(call, response, { message: messageIn(body) ?? `status ${response.status}`, ...call.errorOf?.(response.status, body) });
}

function failureOf(call: Refusable, response: Response, fields: ProviderErrorFields): ProviderError {
  const failure = fields.failure ?? failureOfStatus(response.status);
  const delayMs = fields.retryAfterMs ?? delayIn(response.headers);
  const requestId = fields.requestId ?? requestIdOf(response.headers);
  const options: ProviderErrorOptions = {
    status: response.status,
    ...(delayMs === undefined ? {} : { retryAfterMs: delayMs }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  const message = withoutSecrets(fields.message ?? failure, call.headers).slice(0, MAX_MESSAGE_LENGTH);
  return new ProviderError(failure, call.account, message, options);
}

/** `retry-after-ms` is OpenAI's, and the more exact. */
function delayIn(headers: Headers): number | undefined {
  const exact = headers.get('retry-after-ms');
  return exact !== null && /^\d+(?:\.\d+)?$/.test(exact) ? Math.ceil(Number(exact)) : retryAfterMs(headers.get('retry-after'));
}

function parseAnswer(call: WireCall, response: Response, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failureOf(call, response, { failure: 'bad_response', message: 'the answer is no JSON' });
  }
}

/** The beginning of a body; the rest of a longer one is never read. */
async function readStart(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAX_ERROR_BYTES) break;
  }
  return text;
}

function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What `{error: {message}}`, `{error}`, `{message}`, `{detail}`, a JSON string or a plain text says; not an HTML page. */
export function messageIn(body: unknown): string | undefined {
  if (typeof body === 'string') return body === '' || body.trimStart().startsWith('<') ? undefined : body;
  if (typeof body !== 'object' || body === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...body };
  for (const value of [fields['error'], fields['message'], fields['detail']]) {
    const message = messageIn(value);
    if (message !== undefined) return message;
  }
  return undefined;
}

/** Some servers repeat the key that they refuse. */
function withoutSecrets(message: string, headers: Readonly<Record<string, string>> = {}): string {
  const secrets = Object.entries(headers).filter(([name]) => /authorization|key|token/i.test(name));
  return secrets.reduce((text, [, value]) => text.replaceAll(value.replace(/^\S+ /, ''), '[secret]'), message);
}
