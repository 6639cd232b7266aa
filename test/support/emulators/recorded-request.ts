import type { RecordedRequest } from './emulator.ts';

const SECRET_HEADER = /^(?:authorization|.*key|x-amz-security-token|cookie)$/;

/** A request as `GET /_requests` shows it: without secrets, its body as text. */
export function listedRequest(request: RecordedRequest): Record<string, unknown> {
  const headers = Object.entries(request.headers).filter(([name]) => !SECRET_HEADER.test(name));
  return {
    method: request.method,
    path: request.path.replace(/([?&]key=)[^&]*/, '$1…'),
    headers: Object.fromEntries(headers),
    body: request.body.toString('utf8'),
    arrivedAtMs: request.arrivedAtMs,
    closedEarly: request.closedEarly,
  };
}
