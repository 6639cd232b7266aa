import { Refusal } from '../emulator.ts';

/** Qdrant tells the seconds that a request took; the emulator always says the same. */
export const TIME = 0.0001;

export function refuse(status: number, error: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ status: { error }, time: TIME }),
  });
}

/** A body that is not of the form that was expected. */
export function badFormat(reason: string): Refusal {
  return refuse(400, `Format error in JSON body: ${reason}`);
}

export function badInput(reason: string): Refusal {
  return refuse(400, `Wrong input: ${reason}`);
}

export function collectionMissing(name: string): Refusal {
  return refuse(404, `Not found: Collection \`${name}\` doesn't exist!`);
}

const SCRIPTED: Readonly<Record<string, () => Refusal>> = {
  throttled: () => refuse(429, 'Rate limiting exceeded: Write rate limit exceeded, retry later', { 'retry-after': '1' }),
  auth: () => unauthorized(),
  forbidden: () => refuse(403, 'Forbidden: Global access is required'),
  bad_request: () => badInput('refused as it was scripted'),
  not_found: () => refuse(404, 'Not found: scripted'),
  too_large: () => refuse(413, 'Payload error: JSON payload is larger than allowed'),
  internal: () => refuse(500, 'Service internal error: scripted'),
  unavailable: () => refuse(503, 'Service unavailable: scripted'),
};

export function scriptedRefusal(error: string): Refusal {
  const make = SCRIPTED[error];
  if (make === undefined) throw new Error(`expected an error of ${Object.keys(SCRIPTED).join(', ')}, got: ${error}`);
  return make();
}

/** Plain text, as the layer in front of the service answers. */
export function unauthorized(): Refusal {
  return new Refusal({ status: 401, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Must provide an API key or an Authorization bearer token' });
}
