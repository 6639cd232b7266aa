import { ProviderError } from '#src/ports/provider-error.ts';

/** A header takes no other characters, and what fetch says of a value that it refuses repeats the whole of it. */
const HEADER_VALUE = /^[\x21-\x7e]+$/;

/** Throws ProviderError `auth` for a key that no header can carry, such as one pasted with a line break. */
export function checkApiKey(apiKey: string, account: string): void {
  if (HEADER_VALUE.test(apiKey)) return;
  throw new ProviderError('auth', account, 'the API key is empty or holds characters that no key has');
}

/** The error itself, or a copy that does not say the key: some servers repeat the key that they refuse. */
export function withoutKey(error: ProviderError, apiKey: string | undefined): ProviderError {
  if (apiKey === undefined || apiKey === '' || !error.message.includes(apiKey)) return error;
  const { failure, account, status, retryAfterMs, requestId } = error;
  return new ProviderError(failure, account, redactKey(error.message.slice(`${account}: `.length), apiKey), {
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

export function redactKey(message: string, apiKey: string): string {
  return message.replaceAll(apiKey, '[secret]');
}
