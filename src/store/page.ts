import { ServiceError } from '#src/errors.ts';
import type { Page, PageRequest } from '#src/ports/store.ts';

/** The most rows of one page. */
export const MAX_PAGE_LIMIT = 1000;

/** Where a page ended: the sort key of its last row. */
export type CursorKey = readonly (string | number)[];

/** Throws `INVALID_REQUEST` naming `limit`. */
export function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE_LIMIT) return limit;
  throw invalid('limit', `an integer from 1 to ${MAX_PAGE_LIMIT}`, String(limit));
}

/** Makes a page of at most `limit` items from `limit + 1` rows: the one too many tells that there is a next page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => CursorKey,
): Page<Item> {
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return { items: items.map(toItem), cursor: last === undefined ? null : encodeCursor(keyOf(last)) };
}

function encodeCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The key that the page is to begin after, or `start` for the first page. Throws `INVALID_REQUEST` naming `cursor`. */
export function keyAfter<Key extends CursorKey>(page: PageRequest, start: Key): Key {
  if (page.after === undefined) return start;
  const key = parseCursor(page.after);
  if (!Array.isArray(key) || key.length !== start.length || key.some((part, at) => typeof part !== typeof start[at])) {
    throw invalid('cursor', 'the cursor of an earlier page', page.after.slice(0, 100));
  }
  return key as unknown as Key;
}

function parseCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function invalid(field: string, expected: string, got: string): ServiceError {
  return new ServiceError('INVALID_REQUEST', `${field} must be ${expected}`, { details: [{ field, expected, got }] });
}
