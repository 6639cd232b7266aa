import type { BedrockRuntimeClient, BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderErrorOptions, ProviderFailure } from '#src/ports/provider-error.ts';
import { failureOfStatus, networkFailure, retryAfterMs } from './wire/failure.ts';
import { createHttpHandler } from './wire/http-handler.ts';

export interface BedrockClientOptions {
  readonly region: string;
  /** Another one than AWS's own for the region. */
  readonly endpoint?: string;
  /** A Bedrock API key, instead of credentials to sign with. */
  readonly bearerToken?: string;
}

/**
 * Loads the SDK and makes a client of one region. Credentials come by the SDK's own chain (environment, SSO, profile,
 * process, web identity, container, instance), which refreshes them before they expire; each call is tried once. The
 * environment cannot move it: neither to another endpoint, nor from signatures to a bearer token or back.
 */
export async function createBedrockClient(options: BedrockClientOptions): Promise<BedrockRuntimeClient> {
  const [{ BedrockRuntimeClient }, requestHandler] = await Promise.all([import('@aws-sdk/client-bedrock-runtime'), createHttpHandler()]);
  const { region, endpoint, bearerToken } = options;
  const identity: BedrockRuntimeClientConfig =
    bearerToken === undefined
      ? { authSchemePreference: ['sigv4'] }
      : { token: { token: bearerToken }, authSchemePreference: ['httpBearerAuth'] };
  // Not in the SDK's types; it is what AWS_IGNORE_CONFIGURED_ENDPOINT_URLS sets.
  const pinned = { ignoreConfiguredEndpointUrls: true };
  return new BedrockRuntimeClient({ ...pinned, ...identity, region, requestHandler, maxAttempts: 1, ...(endpoint === undefined ? {} : { endpoint }) });
}

/** The errors of Bedrock (its service model) and of the signature check, by the name that the SDK gives them. */
const FAILURE_OF_NAME: Readonly<Record<string, ProviderFailure>> = {
  AccessDeniedException: 'auth',
  CredentialsProviderError: 'auth',
  ExpiredTokenException: 'auth',
  IncompleteSignatureException: 'auth',
  InvalidSignatureException: 'auth',
  MissingAuthenticationTokenException: 'auth',
  TokenProviderError: 'auth',
  UnrecognizedClientException: 'auth',
  ConflictException: 'bad_request',
  ValidationException: 'bad_request',
  ResourceNotFoundException: 'not_found',
  ModelNotReadyException: 'rate_limited',
  ThrottlingException: 'rate_limited',
  ServiceQuotaExceededException: 'quota',
  ModelTimeoutException: 'timeout',
  InternalServerException: 'unavailable',
  ModelErrorException: 'unavailable',
  ModelStreamErrorException: 'unavailable',
  ServiceUnavailableException: 'unavailable',
};

/** What the SDK adds to an error, as far as it is used here; an error inside a stream has nothing of it. */
interface SdkFields {
  readonly code?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** What the SDK threw, as the failure that it is. */
export function bedrockFailure(account: string, error: unknown, signal: AbortSignal): ProviderError {
  if (signal.aborted || error instanceof ProviderError) return networkFailure(account, error, signal);
  if (!(error instanceof Error)) return new ProviderError('unavailable', account, String(error));
  const fields: Error & SdkFields = error;
  const { httpStatusCode: status } = fields.$metadata ?? {};
  const known = Object.hasOwn(FAILURE_OF_NAME, error.name) ? FAILURE_OF_NAME[error.name] : undefined;
  // The SDK has set its clock by the refusal, so that the next call's signature holds.
  const failure = known === 'auth' && fields.$metadata?.clockSkewCorrected === true ? 'unavailable' : known;
  if (failure !== undefined || fields.$fault !== undefined || (status ?? 0) >= 300) {
    return new ProviderError(failure ?? failureOfStatus(status ?? 500), account, sayingOf(error, status), optionsOf(fields));
  }
  if (typeof fields.code === 'string') return networkFailure(account, error, signal);
  if (error.name === 'TimeoutError') return new ProviderError('timeout', account, 'no connection in time', { cause: error });
  return new ProviderError('bad_response', account, `the answer cannot be read: ${error.message}`, optionsOf(fields));
}

/** A body that is no JSON makes the SDK complain of the syntax; the status says more. */
function sayingOf(error: Error, status: number | undefined): string {
  return error instanceof SyntaxError ? `status ${status ?? 'unknown'}` : `${error.name}: ${error.message}`.slice(0, 500);
}

function optionsOf({ $metadata, $response }: SdkFields): ProviderErrorOptions {
  const delayMs = retryAfterMs($response?.headers?.['retry-after']);
  return {
    ...($metadata?.httpStatusCode === undefined ? {} : { status: $metadata.httpStatusCode }),
    ...($metadata?.requestId === undefined ? {} : { requestId: $metadata.requestId }),
    ...(delayMs === undefined ? {} : { retryAfterMs: delayMs }),
  };
}
