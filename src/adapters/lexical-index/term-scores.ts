import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';

/** Every chunk that holds a term, and what the term adds to the chunk's score; `rowIds` ascend. */
export interface TermScores {
  readonly rowIds: Uint32Array;
  readonly scores: Float32Array;
}

/** 8 bytes each: 4 MB. */
const MAX_KEPT_SCORES = 512 * 1024;

/**
 * Keeps the scores of the terms that were asked last, for all indexes of one connection, as long as nobody commits.
 * A connection that writes keeps none: what it rolls back would leave wrong ones.
 */
export class TermScoreCache {
  readonly #dataVersion: StatementSync;
  readonly #kept = new LRUCache<string, TermScores>({
    maxSize: MAX_KEPT_SCORES,
    sizeCalculation: ({ rowIds }) => rowIds.length + 1,
  });
  /** Collection → how many rows its index has. */
  readonly #totals = new Map<number, number>();
  #version: number | undefined;
  #isOff = false;

  constructor(database: DatabaseSync) {
    this.#dataVersion = database.prepare('pragma data_version');
  }

  turnOff(): void {
    this.#isOff = true;
    this.#forget();
  }

  /** Forgets what another connection's commit has made wrong. To be called in the transaction that reads. */
  refresh(): void {
    const { data_version: version } = this.#dataVersion.get() as { data_version: number };
    if (version !== this.#version) this.#forget();
    this.#version = version;
  }

  #forget(): void {
    this.#kept.clear();
    this.#totals.clear();
  }

  /** How many rows the index of a collection has; `count` finds it out. */
  total(collection: number, count: () => number): number {
    const total = this.#totals.get(collection) ?? count();
    if (!this.#isOff) this.#totals.set(collection, total);
    return total;
  }

  get(key: string): TermScores | undefined {
    return this.#kept.get(key);
  }

  set(key: string, scores: TermScores): void {
    if (!this.#isOff) this.#kept.set(key, scores);
  }
}
