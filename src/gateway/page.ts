import type { PageRequest } from '#src/ports/store.ts';

const DEFAULT_PAGE_SIZE = 100;

/** A checked query string as the store takes it. */
export function readPage({ limit, cursor }: { readonly limit?: string; readonly cursor?: string }): PageRequest {
  const size = limit === undefined ? DEFAULT_PAGE_SIZE : Number(limit);
  return cursor === undefined ? { limit: size } : { limit: size, after: cursor };
}

/** A time of the store as replies tell it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
