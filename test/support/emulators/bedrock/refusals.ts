import { randomUUID } from 'node:crypto';
import { Refusal } from '../emulator.ts';
import type { EmulatorAnswer } from '../emulator.ts';

/** Status of every error that Bedrock's runtime has. */
export const ERROR_STATUS = {
  ValidationException: 400,
  ServiceQuotaExceededException: 400,
  ConflictException: 400,
  IncompleteSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  InvalidSignatureException: 403,
  UnrecognizedClientException: 403,
  ExpiredTokenException: 403,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  UnknownOperationException: 404,
  ModelTimeoutException: 408,
  ModelErrorException: 424,
  ModelStreamErrorException: 424,
  ThrottlingException: 429,
  ModelNotReadyException: 429,
  InternalServerException: 500,
  ServiceUnavailableException: 503,
} as const;

export type BedrockErrorName = keyof typeof ERROR_STATUS;

export function refuse(name: BedrockErrorName, message: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal(errorAnswer(name, message, headers));
}

export function invalid(message: string): Refusal {
  return refuse('ValidationException', message);
}

function errorAnswer(name: BedrockErrorName, message: string, headers: Record<string, string>): EmulatorAnswer {
  return {
    status: ERROR_STATUS[name],
    headers: {
      ...jsonHeaders(),
      'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
      ...headers,
    },
    body: JSON.stringify({ message }),
  };
}

export function jsonHeaders(): Record<string, string> {
  return { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID() };
}

const THROTTLED = 'Too many requests, please wait before trying again.';

/** Errors that a script asks for by name; those of frames are in scripted-stream.ts. */
const SCRIPTED: Readonly<Record<string, () => Refusal>> = {
  throttled: () => refuse('ThrottlingException', THROTTLED, { 'retry-after': '1' }),
  'throttled-without-delay': () => refuse('ThrottlingException', THROTTLED),
  'not-ready': () => refuse('ModelNotReadyException', 'Model is not ready for inference. Wait and try your request again.'),
  quota: () => refuse('ServiceQuotaExceededException', 'Your request exceeds the service quota for your account.'),
  auth: () => refuse('UnrecognizedClientException', 'The security token included in the request is invalid.'),
  expired: () => refuse('ExpiredTokenException', 'The security token included in the request is expired'),
  access_denied: () => refuse('AccessDeniedException', "You don't have access to the model with the specified model ID."),
  bad_request: () => invalid('The request was refused as it was scripted.'),
  not_found: () => refuse('ResourceNotFoundException', 'Could not resolve the foundation model from the provided model identifier.'),
  too_large: () => invalid('Input is too long for requested model.'),
  timeout: () => refuse('ModelTimeoutException', 'Model has timed out in processing the request. Try your request again.'),
  model_error: () => refuse('ModelErrorException', 'The model returned an error while processing the request. Try your request again.'),
  internal: () => refuse('InternalServerException', 'The system encountered an unexpected error during processing. Try your request again.'),
  unavailable: () => refuse('ServiceUnavailableException', 'Bedrock is unable to process your request.'),
};

export function scriptedRefusal(error: string): Refusal | undefined {
  return SCRIPTED[error]?.();
}
