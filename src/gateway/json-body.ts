import { isUtf8 } from 'node:buffer';
import { ServiceError } from '#src/errors.ts';
import type { App } from './app.ts';

/**
 * Reads JSON bodies: bytes that are not UTF-8, and names that would reach into prototypes, are refused with
 * `INVALID_JSON`. An empty body is no body, so that a client may send its usual headers where nothing is expected.
 */
export function readJsonBodies(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) done(null, undefined);
    else if (isUtf8(body)) void parse(request, body.toString(), done);
    else done(notUtf8('body'));
  });
}

/** @param field what was not text, as a client calls it */
export function notUtf8(field: string): ServiceError {
  const detail = { field, expected: 'text in UTF-8', got: 'bytes that are not UTF-8' };
  return new ServiceError('INVALID_JSON', `expected ${field} to be UTF-8`, { details: [detail] });
}
