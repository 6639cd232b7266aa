import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '#src/errors.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { Logger } from '#src/telemetry/logger.ts';

/** Fastify's own refusals that have a code of ours. Every other one with a 4xx status is an INVALID_REQUEST. */
const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'UPLOAD_INCOMPLETE',
  ECONNRESET: 'UPLOAD_INCOMPLETE',
};

/** Answers a request that failed. What is no refusal of ours or Fastify's is logged and told as INTERNAL. */
export function replyWithError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const known = toServiceError(error);
  if (known === undefined) logger.error({ error, request: request.id, method: request.method, route: request.routeOptions.url }, 'Request failed');
  const refused = known ?? new ServiceError('INTERNAL');
  // Fastify hangs up on clients whose body it has not read to the end; those that are still sending would see no reply.
  reply.removeHeader('connection');
  reply.header('x-request-id', request.id);
  if (refused.retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(refused.retryAfterMs / 1000)));
  reply.code(refused.status).type('application/json; charset=utf-8').send({ error: toErrorBody(refused) });
}

function toServiceError(error: unknown): ServiceError | undefined {
  if (error instanceof ServiceError) return error;
  if (!(error instanceof Error)) return undefined;
  const { code, statusCode = 500 } = error as FastifyError;
  if (statusCode < 400 || statusCode > 499) return undefined;
  return new ServiceError(CODE_OF[code] ?? 'INVALID_REQUEST', error.message, { cause: error });
}

const PARSE_FAILURES: Readonly<Record<string, { readonly status: number; readonly code: ErrorCode }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: 'INVALID_REQUEST' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'UPLOAD_INCOMPLETE' },
  HPE_INVALID_EOF_STATE: { status: 400, code: 'UPLOAD_INCOMPLETE' },
};

/** What a client gets to read the reply and to hang up itself: one that was cut off at once might never see it. */
const FAREWELL_MS = 1000;

/** Answers what is no HTTP request, or not a whole one, and hangs up; at once in the middle of another reply. */
export function replyToMalformedHttp(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isReplying(socket)) return void socket.destroy();
  const { status, code } = PARSE_FAILURES[error.code ?? ''] ?? { status: 400, code: 'INVALID_REQUEST' };
  const body = JSON.stringify({ error: toErrorBody(new ServiceError(code)) });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Nothing else ends a connection whose client keeps its half open: Node's own time limits left with its parser.
  socket.setTimeout(FAREWELL_MS, () => socket.destroy());
}

/** Node's own handler looks at the same field. */
function isReplying(socket: Socket): boolean {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;
}
