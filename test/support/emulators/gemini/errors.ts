import type { BodyProblem } from '../check-body.ts';
import type { EmulatorAnswer } from '../emulator.ts';
import { Refusal } from '../emulator.ts';

const TYPE = 'type.googleapis.com/google.rpc.';
const ERROR_INFO = { '@type': `${TYPE}ErrorInfo`, domain: 'googleapis.com', metadata: { service: 'generativelanguage.googleapis.com' } };

interface GeminiError {
  readonly code: number;
  readonly status: string;
  readonly message: string;
  readonly details?: readonly unknown[];
}

/** How an error may be put: as one object, in an array, as an event of a stream of its own, or in the middle of the answer's. */
export type ErrorShape = 'json' | 'array' | 'event-stream' | 'in-stream';

export interface NamedError {
  readonly name: string;
  readonly shape: ErrorShape;
  /** Of RetryInfo, in the form of Google: 21s. */
  readonly retryDelay: string;
}

/** Scripted ways in which a request goes wrong with status 200. */
const SPOILT_ANSWERS = ['blocked', 'blocked-answer', 'recitation', 'empty', 'no-candidates', 'no-finish', 'short', 'zero', 'wrong-dimension'];

/** Throws TypeError for a name that nothing knows. Reads `throttled`, `throttled:21s`, `throttled:array`, `internal:in-stream`, `throttled:0.5s:event-stream`. */
export function readErrorName(text: string): NamedError {
  const [name = '', ...options] = text.split(':');
  if (!Object.hasOwn(NAMED, name) && !SPOILT_ANSWERS.includes(name)) throw new TypeError(`no such error is known: ${name}`);
  const shape = options.find((option): option is ErrorShape => ['array', 'event-stream', 'in-stream'].includes(option));
  return { name, shape: shape ?? 'json', retryDelay: options.find((option) => /^[\d.]+s$/.test(option)) ?? '1s' };
}

const NAMED: Readonly<Record<string, (error: NamedError) => GeminiError>> = {
  auth: () => ({
    code: 400, status: 'INVALID_ARGUMENT', message: 'API key not valid. Please pass a valid API key.',
    details: [{ ...ERROR_INFO, reason: 'API_KEY_INVALID' }],
  }),
  unregistered: () => ({ code: 403, status: 'PERMISSION_DENIED', message: 'Unregistered callers may not call this method.' }),
  unauthenticated: () => ({
    code: 401, status: 'UNAUTHENTICATED', message: 'The request has invalid authentication credentials.',
    details: [{ ...ERROR_INFO, reason: 'ACCESS_TOKEN_TYPE_UNSUPPORTED' }],
  }),
  denied: () => ({ code: 403, status: 'PERMISSION_DENIED', message: 'The caller does not have permission.' }),
  not_found: () => ({ code: 404, status: 'NOT_FOUND', message: 'The model is not found for this API version.' }),
  bad_request: () => ({ code: 400, status: 'INVALID_ARGUMENT', message: 'The request contains an invalid argument.' }),
  too_large: () => ({ code: 400, status: 'INVALID_ARGUMENT', message: 'The input token count exceeds the maximum number of tokens allowed.' }),
  throttled: ({ retryDelay }) => limited('GenerateRequestsPerMinutePerProjectPerModel', retryDelay),
  quota: ({ retryDelay }) => limited('GenerateRequestsPerDayPerProjectPerModel', retryDelay),
  internal: () => ({ code: 500, status: 'INTERNAL', message: 'An internal error has occurred.' }),
  unavailable: () => ({ code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' }),
  timeout: () => ({ code: 504, status: 'DEADLINE_EXCEEDED', message: 'The request timed out.' }),
};

/** The error of that name, undefined when it is none of these. */
export function namedError(error: NamedError): GeminiError | undefined {
  return Object.hasOwn(NAMED, error.name) ? NAMED[error.name]?.(error) : undefined;
}

/** Throws Refusal with the error of that name, in other words where `message` is given. */
export function refuse(name: string, message?: string): never {
  const error = namedError({ name, shape: 'json', retryDelay: '1s' });
  if (error === undefined) throw new TypeError(`expected one of ${Object.keys(NAMED).join(', ')}, got: ${name}`);
  throw new Refusal(errorAnswer({ ...error, message: message ?? error.message }, 'json'));
}

export function errorAnswer(error: GeminiError, shape: ErrorShape): EmulatorAnswer {
  const body = { error };
  const json = { 'content-type': 'application/json; charset=UTF-8' };
  if (shape === 'array') return { status: error.code, headers: json, body: `${JSON.stringify([body], null, 2)}\n` };
  if (shape === 'json') return { status: error.code, headers: json, body: `${JSON.stringify(body, null, 2)}\n` };
  return { status: error.code, headers: { 'content-type': 'text/event-stream' }, body: errorEvent(error) };
}

export function errorEvent(error: GeminiError): string {
  return `data: ${JSON.stringify({ error })}\r\n\r\n`;
}

/** Field paths are told in snake case, as the protocol buffers behind the service name them. */
export function refuseBody({ kind, path, message }: BodyProblem): never {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/\.(\d+)/g, '[$1]');
  const field = path.split('.').at(-1) ?? path;
  const parent = snake.split('.').slice(0, -1).join('.');
  const text = {
    json: 'Invalid JSON payload received. Expected an object.',
    unknown: `Invalid JSON payload received. Unknown name "${field}"${parent === '' ? '' : ` at '${parent}'`}: Cannot find field.`,
    missing: `* ${snake}: is required and was not given.`,
    wrong: `Invalid value at '${snake}': ${message}`,
  }[kind];
  const violation = { field: parent === '' ? snake : parent, description: text };
  const details = [{ '@type': `${TYPE}BadRequest`, fieldViolations: [violation] }];
  throw new Refusal(errorAnswer({ code: 400, status: 'INVALID_ARGUMENT', message: text, details }, 'json'));
}

function limited(quotaId: string, retryDelay: string): GeminiError {
  return {
    code: 429, status: 'RESOURCE_EXHAUSTED', message: `You exceeded your current quota. Please retry in ${retryDelay}.`,
    details: [
      { '@type': `${TYPE}QuotaFailure`, violations: [{ quotaMetric: 'generativelanguage.googleapis.com/generate_content_requests', quotaId }] },
      { '@type': `${TYPE}RetryInfo`, retryDelay },
    ],
  };
}
