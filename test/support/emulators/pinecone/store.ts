import type { RecordMetadata } from './metadata.ts';
import type { SparseValues } from './similarity.ts';

export interface StoredRecord {
  readonly id: string;
  /** Empty in a sparse index. */
  readonly values: readonly number[];
  readonly sparseValues?: SparseValues;
  readonly metadata?: RecordMetadata;
}

export type Namespaces = Map<string, Map<string, StoredRecord>>;

interface Write {
  readonly visibleAtMs: number;
  readonly apply: (namespaces: Namespaces) => void;
}

export interface StoreOptions {
  /** How long a write is acknowledged before it is seen by any read. */
  readonly visibilityDelayMs: number;
  readonly nowMs: () => number;
}

/** Records by namespace whose writes are seen late and in their order, as those of the real service are. */
export class RecordStore {
  readonly #options: StoreOptions;
  readonly #visible: Namespaces = new Map();
  readonly #pending: Write[] = [];

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** What a read sees now. */
  get namespaces(): ReadonlyMap<string, ReadonlyMap<string, StoredRecord>> {
    const now = this.#options.nowMs();
    while ((this.#pending[0]?.visibleAtMs ?? Infinity) <= now) this.#pending.shift()?.apply(this.#visible);
    return this.#visible;
  }

  records(namespace: string): ReadonlyMap<string, StoredRecord> {
    return this.namespaces.get(namespace) ?? new Map();
  }

  /** Makes every acknowledged write visible. */
  settle(): void {
    for (const write of this.#pending.splice(0)) write.apply(this.#visible);
  }

  upsert(namespace: string, records: readonly StoredRecord[]): void {
    this.#write((namespaces) => {
      const stored = namespaces.get(namespace) ?? new Map<string, StoredRecord>();
      namespaces.set(namespace, stored);
      for (const record of records) stored.set(record.id, record);
    });
  }

  /** `change` is given the record as it is when the write becomes visible. */
  update(namespace: string, ids: readonly string[], change: (record: StoredRecord) => StoredRecord): void {
    this.#write((namespaces) => {
      const stored = namespaces.get(namespace);
      for (const id of ids) {
        const record = stored?.get(id);
        if (record !== undefined) stored?.set(id, change(record));
      }
    });
  }

  remove(namespace: string, ids: readonly string[]): void {
    this.#write((namespaces) => {
      for (const id of ids) namespaces.get(namespace)?.delete(id);
    });
  }

  removeNamespace(namespace: string): void {
    this.#write((namespaces) => void namespaces.delete(namespace));
  }

  createNamespace(namespace: string): void {
    this.upsert(namespace, []);
  }

  #write(apply: Write['apply']): void {
    this.#pending.push({ visibleAtMs: this.#options.nowMs() + this.#options.visibilityDelayMs, apply });
  }
}
