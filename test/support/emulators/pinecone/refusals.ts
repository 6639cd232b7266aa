import { Refusal } from '../emulator.ts';

/** Code of gRPC → status of HTTP, as the vector operations answer them: `{code, message, details}`. */
const RPC_STATUS = { 3: 400, 5: 404, 8: 429, 11: 400, 12: 501, 13: 500, 14: 503, 16: 401 } as const;

export type RpcCode = keyof typeof RPC_STATUS;

/** A refusal of a vector operation. */
export function refuseRpc(code: RpcCode, message: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal({ status: RPC_STATUS[code], headers: { ...jsonHeaders(), ...headers }, body: JSON.stringify({ code, message, details: [] }) });
}

const API_STATUS = {
  INVALID_ARGUMENT: 400, FORBIDDEN: 403, NOT_FOUND: 404, ALREADY_EXISTS: 409, RESOURCE_EXHAUSTED: 429, INTERNAL: 500, UNAVAILABLE: 503,
} as const;

export type ApiCode = keyof typeof API_STATUS;

/** A refusal of the controller, of inference and of the text records. */
export function refuseApi(code: ApiCode, message: string, headers: Record<string, string> = {}): Refusal {
  const status = API_STATUS[code];
  return new Refusal({ status, headers: { ...jsonHeaders(), ...headers }, body: JSON.stringify({ error: { code, message }, status }) });
}

/** What the layer in front of the service refuses has a body of plain text. */
export function refuseAtTheDoor(status: 400 | 401 | 403 | 429, message: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal({ status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: message });
}

export function invalid(message: string): Refusal {
  return refuseRpc(3, message);
}

export function jsonHeaders(): Record<string, string> {
  return { 'content-type': 'application/json', 'x-pinecone-request-id': String(Math.floor(Math.random() * 1e18)), 'x-pinecone-request-latency-ms': '1' };
}

const SCRIPTED: Readonly<Record<string, () => Refusal>> = {
  throttled: () => refuseAtTheDoor(429, 'Too many requests', { 'retry-after': '1' }),
  'throttled-json': () => refuseRpc(8, 'Too many requests. Please retry later.', { 'retry-after': '1' }),
  quota: () => refuseApi('RESOURCE_EXHAUSTED', "Request failed. You've reached your write unit limit for the current month."),
  auth: () => refuseAtTheDoor(401, 'Invalid API Key'),
  forbidden: () => refuseApi('FORBIDDEN', 'The API key may not do this.'),
  bad_request: () => invalid('The request was refused as it was scripted.'),
  not_found: () => refuseRpc(5, 'Namespace not found'),
  too_large: () => refuseRpc(11, 'Error, message length too large: found 2097153 bytes, the limit is: 2097152 bytes'),
  internal: () => refuseRpc(13, 'Internal server error'),
  unavailable: () => refuseRpc(14, 'The service is currently unavailable'),
};

export function scriptedRefusal(error: string): Refusal {
  const make = SCRIPTED[error];
  if (make === undefined) throw new Error(`expected an error of ${Object.keys(SCRIPTED).join(', ')}, got: ${error}`);
  return make();
}
