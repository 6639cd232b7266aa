import type { BodyProblem } from '../check-body.ts';
import type { EmulatorAnswer } from '../emulator.ts';
import { Refusal } from '../emulator.ts';

interface OpenAiError {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly message: string;
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface NamedError {
  readonly name: string;
  /** Of Retry-After, in seconds. */
  readonly retryAfterS: number;
  /** In the middle of a stream that began well. */
  readonly isInStream: boolean;
}

/** Scripted ways in which a request goes wrong with status 200. */
const SPOILT_ANSWERS = ['blocked', 'blocked-answer', 'refusal', 'empty', 'no-finish', 'no-done', 'short', 'zero', 'wrong-dimension'];

/** Throws TypeError for a name that nothing knows. Reads `throttled`, `throttled:21s`, `internal:in-stream`. */
export function readErrorName(text: string): NamedError {
  const [name = '', ...options] = text.split(':');
  if (!Object.hasOwn(NAMED, name) && !SPOILT_ANSWERS.includes(name)) throw new TypeError(`no such error is known: ${name}`);
  const delay = options.find((option) => /^[\d.]+s$/.test(option));
  return { name, retryAfterS: delay === undefined ? 1 : Number.parseFloat(delay), isInStream: options.includes('in-stream') };
}

const INVALID = 'invalid_request_error';

const NAMED: Readonly<Record<string, (error: NamedError) => OpenAiError>> = {
  auth: () => ({ status: 401, type: INVALID, code: 'invalid_api_key', message: 'Incorrect API key provided.' }),
  denied: () => ({ status: 403, type: INVALID, code: null, message: 'The project has no access to this model.' }),
  not_found: () => ({ status: 404, type: INVALID, code: 'model_not_found', message: 'The model does not exist or you do not have access to it.' }),
  bad_request: () => ({ status: 400, type: INVALID, code: null, message: 'The request is invalid.' }),
  too_large: () => ({ status: 400, type: INVALID, code: 'context_length_exceeded', message: "This model's maximum context length is exceeded.", param: 'messages' }),
  payload: () => ({ status: 413, type: INVALID, code: null, message: 'The request body is too large.' }),
  'blocked-prompt': () => ({ status: 400, type: INVALID, code: 'content_filter', message: 'The prompt was refused by the content filter.', param: 'prompt' }),
  throttled: ({ retryAfterS }) => ({
    status: 429, type: 'requests', code: 'rate_limit_exceeded', message: `Rate limit reached for requests. Please try again in ${retryAfterS}s.`,
    headers: { 'retry-after': String(Math.ceil(retryAfterS)), 'retry-after-ms': String(retryAfterS * 1000), 'x-ratelimit-remaining-requests': '0' },
  }),
  quota: () => ({ status: 429, type: 'insufficient_quota', code: 'insufficient_quota', message: 'You exceeded your current quota.' }),
  internal: () => ({ status: 500, type: 'server_error', code: null, message: 'The server had an error while processing your request.' }),
  unavailable: () => ({ status: 503, type: 'server_error', code: null, message: 'The engine is currently overloaded.' }),
  timeout: () => ({ status: 408, type: 'server_error', code: 'timeout', message: 'The request timed out.' }),
};

/** The error of that name, undefined when it is none of these. */
export function namedError(error: NamedError): OpenAiError | undefined {
  return Object.hasOwn(NAMED, error.name) ? NAMED[error.name]?.(error) : undefined;
}

/** Throws Refusal with the error of that name, in other words and about a field where they are given. */
export function refuse(name: string, message?: string, param?: string): never {
  const error = namedError({ name, retryAfterS: 1, isInStream: false });
  if (error === undefined) throw new TypeError(`expected one of ${Object.keys(NAMED).join(', ')}, got: ${name}`);
  throw new Refusal(errorAnswer({ ...error, message: message ?? error.message, ...(param !== undefined && { param }) }));
}

/** Refuses a field of the body with a code such as unsupported_parameter. */
export function refuseField(param: string, code: string, message: string): never {
  throw new Refusal(errorAnswer({ status: 400, type: INVALID, code, message, param }));
}

export function refuseBody({ kind, path, message }: BodyProblem): never {
  const param = path.replace(/\.(\d+)/g, '[$1]');
  if (kind === 'json') refuse('bad_request', 'We could not parse the JSON body of your request.');
  if (kind === 'unknown') refuseField(param, 'unknown_parameter', `Unknown parameter: '${param}'.`);
  if (kind === 'missing') refuseField(param, 'missing_required_parameter', `Missing required parameter: '${param}'.`);
  return refuseField(param, 'invalid_type', `Invalid value for '${param}': ${message}.`);
}

export function errorAnswer(error: OpenAiError): EmulatorAnswer {
  return { status: error.status, headers: { 'content-type': 'application/json', ...error.headers }, body: JSON.stringify(errorBody(error), null, 2) };
}

export function errorEvent(error: OpenAiError): string {
  return `data: ${JSON.stringify(errorBody(error))}\n\n`;
}

function errorBody({ message, type, param = null, code }: Omit<OpenAiError, 'param'> & { readonly param?: string | null }) {
  return { error: { message, type, param, code } };
}
