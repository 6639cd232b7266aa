import { invalid } from './refusals.ts';

export interface PageRequest {
  readonly limit: number;
  /** The token that the page before ended with. */
  readonly after?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** To be spread into the answer: absent on the last page. */
  readonly pagination: { readonly pagination?: { readonly next: string } };
}

/** The items after the token in the bitwise order of their keys. */
export function page<T>(all: readonly T[], keyOf: (item: T) => string, { limit, after }: PageRequest): Page<T> {
  const last = after === undefined ? undefined : decodeToken(after);
  const sorted = all
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => last === undefined || Buffer.compare(Buffer.from(key), Buffer.from(last)) > 0)
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  const shown = sorted.slice(0, limit);
  const isLast = shown.length === sorted.length;
  return {
    items: shown.map(({ item }) => item),
    pagination: isLast ? {} : { pagination: { next: encodeToken(shown.at(-1)?.key ?? '') } },
  };
}

function encodeToken(key: string): string {
  return Buffer.from(JSON.stringify({ skip_past: key })).toString('base64');
}

function decodeToken(token: string): string {
  try {
    const { skip_past: key } = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as { skip_past?: unknown };
    if (typeof key === 'string') return key;
  } catch {
    // Falls through to the refusal.
  }
  throw invalid('Invalid pagination token');
}
