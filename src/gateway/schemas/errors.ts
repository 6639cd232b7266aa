import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import type { ErrorCode } from '#src/errors.ts';
import { ERROR_CATALOGUE } from '#src/errors.ts';
import { oneOf } from './limits.ts';

export const ErrorBodySchema = Type.Object({
  code: oneOf(Object.keys(ERROR_CATALOGUE) as ErrorCode[]),
  message: Type.String(),
  retryable: Type.Boolean(),
  retry_after_ms: Type.Optional(Type.Integer({ minimum: 0 })),
  details: Type.Optional(
    Type.Array(
      Type.Object({ field: Type.Optional(Type.String()), expected: Type.Optional(Type.String()), got: Type.Optional(Type.String()) }),
    ),
  ),
});

/** Codes that any route may answer with. */
const ANYWHERE: readonly ErrorCode[] = ['INVALID_REQUEST', 'ORIGIN_REFUSED', 'INTERNAL'];

/** The `response` of a route: its success, and for each status the errors that it may carry. */
export function replies(success: Readonly<Record<number, TSchema>>, codes: readonly ErrorCode[] = []): Record<number, TSchema> {
  const byStatus = Map.groupBy(new Set([...codes, ...ANYWHERE]), (code) => ERROR_CATALOGUE[code].status);
  const errors = [...byStatus].map(([status, of]) => [status, errorReply(of)] as const);
  return { ...Object.fromEntries(errors), ...success };
}

function errorReply(codes: readonly ErrorCode[]): TSchema {
  const description = codes.map((code) => `\`${code}\`: ${ERROR_CATALOGUE[code].message}`).join(' · ');
  return Type.Object({ error: ErrorBodySchema }, { description });
}
