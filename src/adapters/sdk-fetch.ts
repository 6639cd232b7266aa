import { ProviderError } from '#src/ports/provider-error.ts';
import { checkApiKey, redactKey } from './api-key.ts';
import { networkFailure } from './wire/failure.ts';
import { refusalOf } from './wire/request.ts';
import type { Refusable } from './wire/request.ts';

/** One call of an SDK that takes a fetch of ours, and what the SDK itself forgets about it. */
export interface SdkCall extends Omit<Refusable, 'headers'> {
  /** The key that it was sent with: never to be seen in an error. */
  apiKey?: string;
  /** The body of its last answer that was a success, as it stood on the wire: SDKs take any for what they expect. */
  body?: string;
  /** SDKs turn what their fetch throws into errors without status, so it is kept here. */
  failure?: ProviderError;
}

export type FetchTarget = Parameters<typeof fetch>[0];

const MAX_MESSAGE_LENGTH = 500;

/**
 * The fetch that an SDK uses for a call: under the call's signal, without redirects, and with the body read, so that
 * whatever fails after it is a matter of its content. Rejects with ProviderError, also for a status of refusal.
 */
export async function fetchForSdk(call: SdkCall, apiKey: string, url: FetchTarget, init: RequestInit | undefined): Promise<Response> {
  try {
    checkApiKey(apiKey, call.account);
    call.apiKey = apiKey;
    const response = await fetch(url, { ...init, redirect: 'manual', signal: call.signal });
    if (!response.ok) throw await refusalOf({ ...call, headers: { 'api-key': apiKey } }, response);
    call.body = await response.text();
    const { status, headers } = response;
    return new Response(call.body === '' ? null : call.body, { status, headers });
  } catch (error) {
    call.failure = networkFailure(call.account, error, call.signal);
    throw call.failure;
  }
}

/**
 * What a call failed of: the wire's failure where there was one. Otherwise the SDK refused to send it (`bad_request`)
 * or could not read the answer (`bad_response`).
 */
export function failureOfSdk(call: SdkCall, error: unknown): ProviderError {
  if (call.failure !== undefined) return call.failure;
  const { account, signal, apiKey } = call;
  if (signal.aborted || error instanceof ProviderError) return networkFailure(account, error, signal);
  // A parser's message quotes what it could not read.
  if (error instanceof SyntaxError) return new ProviderError('bad_response', account, 'the answer is no JSON');
  const message = error instanceof Error ? error.message : String(error);
  const said = (apiKey === undefined ? message : redactKey(message, apiKey)).slice(0, MAX_MESSAGE_LENGTH);
  return new ProviderError(apiKey === undefined ? 'bad_request' : 'bad_response', account, said);
}
