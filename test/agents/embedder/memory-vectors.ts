import type { Metadata } from '#src/ports/answer.ts';
import type { BatchLimits, EmbeddingModel, EmbeddingPurpose, Embeddings } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { VectorIndex, VectorMatch, VectorQuery, VectorRecord, VectorSpace } from '#src/ports/vector-index.ts';
import { jsonBytes, recordBytes } from '#agents/embedder/batches.ts';
import { embedText } from '../../support/emulators/embedding.ts';

/** Resolves never, rejects when the signal is aborted, as a socket does that is closed. */
export function untilAborted(account: string, signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const give = (): void => {
    const isTimeout = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
    reject(signal.reason instanceof ProviderError ? signal.reason : new ProviderError(isTimeout ? 'timeout' : 'aborted', account, 'was closed'));
  };
  if (signal.aborted) give();
  signal.addEventListener('abort', give, { once: true });
  return promise;
}

/** A model in this process that keeps the port's rules, and refuses a caller who does not. */
export class MemoryModel implements EmbeddingModel {
  readonly id = 'hashed:words';
  readonly account = 'hashed/local/words';
  readonly dimension: number;
  readonly batch: BatchLimits;
  readonly calls: { readonly texts: readonly string[]; readonly purpose: EmbeddingPurpose; readonly signal: AbortSignal }[] = [];
  /** Asked before each call. */
  onCall: (texts: readonly string[], signal: AbortSignal) => Promise<void> | void = () => undefined;

  constructor({ dimension = 64, batch = { maxItems: 96, maxBytes: 1024 * 1024 } }: { dimension?: number; batch?: BatchLimits } = {}) {
    this.dimension = dimension;
    this.batch = batch;
  }

  async embed(texts: readonly string[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Embeddings> {
    this.calls.push({ texts, purpose, signal });
    const bytes = texts.reduce((sum, text) => sum + jsonBytes(text), 0);
    if (texts.length === 0) throw new TypeError('no text was given');
    if (texts.length > this.batch.maxItems || (texts.length > 1 && bytes > this.batch.maxBytes)) throw new TypeError('the batch is over the limits');
    if (signal.aborted) throw new ProviderError('aborted', this.account, 'was given up');
    await this.onCall(texts, signal);
    return { vectors: texts.map((text) => Float32Array.from(embedText(text, this.dimension))), inputTokens: undefined };
  }
}

/** An index in this process. What was written is there at once. */
export class MemoryIndex implements VectorIndex, VectorSpace {
  readonly id: string = 'memory:one';
  readonly account = 'memory/local/one';
  readonly batch: BatchLimits;
  readonly records = new Map<string, VectorRecord>();
  readonly upserts: (readonly string[])[] = [];
  madeFor: number | undefined;
  onUpsert: (records: readonly VectorRecord[], signal: AbortSignal) => Promise<void> | void = () => undefined;

  constructor({ batch = { maxItems: 100, maxBytes: 2 * 1024 * 1024 } }: { batch?: BatchLimits } = {}) {
    this.batch = batch;
  }

  space(): VectorSpace {
    return this;
  }

  dimension(): Promise<number | undefined> {
    return Promise.resolve(this.madeFor);
  }

  async upsert(records: readonly VectorRecord[], signal: AbortSignal): Promise<void> {
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    if (records.length === 0) throw new TypeError('no record was given');
    if (records.length > this.batch.maxItems || (records.length > 1 && bytes > this.batch.maxBytes)) throw new TypeError('the batch is over the limits');
    this.upserts.push(records.map(({ id }) => id));
    if (signal.aborted) throw new ProviderError('aborted', this.account, 'was given up');
    await this.onUpsert(records, signal);
    for (const record of records) this.#keep(record);
  }

  #keep(record: VectorRecord): void {
    if (!/^[\x21-\x7e]{1,512}$/.test(record.id)) throw new TypeError(`no id of an index: ${record.id}`);
    const length = Math.hypot(...record.values);
    if (Math.abs(length - 1) > 1e-3) throw new TypeError(`${record.id} has a length of ${length}`);
    this.records.set(record.id, record);
  }

  query({ vector, topK, filter = {} }: VectorQuery): Promise<readonly VectorMatch[]> {
    const isWanted = (metadata: Metadata): boolean => Object.entries(filter).every(([key, value]) => metadata[key] === value);
    const matches = [...this.records.values()]
      .filter(({ metadata }) => isWanted(metadata))
      .map(({ id, values }) => ({ id, score: values.reduce((sum, value, at) => sum + value * (vector[at] ?? 0), 0) }));
    return Promise.resolve(matches.sort((a, b) => b.score - a.score).slice(0, topK));
  }

  deleteByPrefix(prefix: string): Promise<void> {
    for (const id of this.records.keys()) if (id.startsWith(prefix)) this.records.delete(id);
    return Promise.resolve();
  }

  count(): Promise<number> {
    return Promise.resolve(this.records.size);
  }
}
