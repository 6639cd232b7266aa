import { LRUCache } from 'lru-cache';
import { fromTransition } from 'xstate';
import type { Clock } from '#src/ports/clock.ts';
import type { CacheEvent, CacheKind } from './cache.events.ts';

export interface CacheInput {
  readonly maxBytes: number;
  /** 0 keeps nothing. */
  readonly ttlMs: number;
  readonly clock: Clock;
}

export type CacheEntries = LRUCache<string, object>;

interface CacheState {
  readonly entries: CacheEntries;
  readonly isOff: boolean;
}

/** Half of a JavaScript string's cost is its UTF-16 units; objects around it are estimated by the length of their JSON. */
const BYTES_PER_UNIT = 2;
/** Of what is no text: a number, with a comma. */
const SCALAR_UNITS = 8;

/**
 * Has one state: keeps values up to a bound in bytes, drops the one that was not read for longest first, and answers
 * with nothing once a value is as old as its time to live. Keys hold the epoch of the documents, so a change of the
 * documents leaves old values behind unread.
 */
export const cacheLogic = fromTransition(
  (state: CacheState, event: CacheEvent): CacheState => {
    const { entries, isOff } = state;
    switch (event.type) {
      case 'put':
        if (!isOff) entries.set(entryKey(event.kind, event.key), event.value);
        break;
      case 'clear':
        event.reply(clear(entries));
    }
    return state;
  },
  ({ input: { maxBytes, ttlMs, clock } }: { input: CacheInput }): CacheState => ({
    entries: new LRUCache({ maxSize: maxBytes, ttl: ttlMs, ttlResolution: 0, perf: { now: clock.now }, sizeCalculation: sizeOf }),
    isOff: ttlMs === 0,
  }),
);

export function entryKey(kind: CacheKind, key: string): string {
  return `${kind}:${key}`;
}

function sizeOf(value: object, key: string): number {
  return BYTES_PER_UNIT * (key.length + unitsOf(value));
}

/** Near to the length of the value's JSON. To write that would cost more than all else of keeping the value. */
function unitsOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return SCALAR_UNITS;
  if (Array.isArray(value)) return value.reduce<number>((units, item) => units + unitsOf(item), 2);
  return Object.entries(value).reduce((units, [name, field]) => units + name.length + 3 + unitsOf(field), 2);
}

function clear(entries: CacheEntries): number {
  const count = entries.size;
  entries.clear();
  return count;
}
