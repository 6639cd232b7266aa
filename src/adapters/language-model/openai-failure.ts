import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { messageIn } from '../wire/request.ts';
import type { ProviderErrorFields } from '../wire/request.ts';

/** `error.code` and `error.type` of OpenAI and of those who speak as it does, as far as they say more than the status. */
const FAILURE_OF_CODE: Readonly<Record<string, ProviderFailure>> = {
  billing_hard_limit_reached: 'quota',
  billing_not_active: 'quota',
  content_filter: 'blocked',
  content_policy_violation: 'blocked',
  context_length_exceeded: 'too_large',
  exceed_context_size_error: 'too_large',
  insufficient_quota: 'quota',
  invalid_api_key: 'auth',
  model_not_found: 'not_found',
  rate_limit_exceeded: 'rate_limited',
  server_error: 'unavailable',
  string_above_max_length: 'too_large',
};

/** Reads `{error: {message, type, code}}`. */
export function openAiErrorFields(_status: number, body: unknown): ProviderErrorFields | undefined {
  const { error }: { readonly error?: unknown } = Object(body);
  if (error === undefined) return undefined;
  const { code, type }: { readonly code?: unknown; readonly type?: unknown } = Object(error);
  const failure = [code, type].map(failureOfCode).find((known) => known !== undefined);
  const message = messageIn(error);
  return { ...(failure === undefined ? {} : { failure }), ...(message === undefined ? {} : { message }) };
}

function failureOfCode(code: unknown): ProviderFailure | undefined {
  return typeof code === 'string' && Object.hasOwn(FAILURE_OF_CODE, code) ? FAILURE_OF_CODE[code] : undefined;
}
