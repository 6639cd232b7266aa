import { requestJson } from '#src/adapters/wire/request.ts';
import type { ProviderErrorFields } from '#src/adapters/wire/request.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

export interface QdrantCollectionOptions {
  readonly account: string;
  readonly url: string;
  readonly name: string;
  readonly apiKey: string | undefined;
}

export interface QdrantCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Behind `/collections/NAME`. */
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal;
}

export interface QdrantSchema {
  readonly dimension: number;
  readonly keywordFields: readonly string[];
  readonly signal: AbortSignal;
}

/** The wire of one collection: what is there, what is made, and what its errors mean. */
export class QdrantCollection {
  readonly account: string;
  readonly #address: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** What is known to be there. */
  #foundDimension: number | undefined;
  readonly #indexedFields = new Set<string>();

  constructor({ account, url, name, apiKey }: QdrantCollectionOptions) {
    this.account = account;
    this.#address = `${url.replace(/\/+$/, '')}/collections/${encodeURIComponent(name)}`;
    this.#headers = apiKey === undefined ? {} : { 'api-key': apiKey };
  }

  /** The `result` of Qdrant's answer; undefined when the collection does not exist. Rejects with ProviderError. */
  async call({ method, path, body, signal }: QdrantCall): Promise<unknown> {
    let isMissing = false;
    const errorOf = (status: number, answer: unknown): ProviderErrorFields | undefined => {
      const message = errorMessage(answer);
      // A 404 of something else than Qdrant says that the address is wrong, not that the collection is empty.
      isMissing = status === 404 && message !== undefined;
      return message === undefined ? undefined : { message };
    };
    try {
      const answer = await requestJson({ account: this.account, url: `${this.#address}${path}`, method, headers: this.#headers, signal, errorOf, ...(body === undefined ? {} : { body }) });
      if (isObject(answer.body) && answer.body['result'] !== undefined) return answer.body['result'];
    } catch (error) {
      if (isMissing) return undefined;
      throw error;
    }
    throw this.senseless('a result');
  }

  /** Undefined while the collection does not exist. Rejects with `bad_request` where it has several vectors to a point. */
  async dimension(signal: AbortSignal): Promise<number | undefined> {
    const result = await this.call({ method: 'GET', path: '', signal });
    if (result === undefined) return undefined;
    const vectors = fieldOf(fieldOf(fieldOf(result, 'config'), 'params'), 'vectors');
    const size = fieldOf(vectors, 'size');
    const distance = fieldOf(vectors, 'distance');
    if (typeof size !== 'number') throw new ProviderError('bad_request', this.account, 'expected a collection with one unnamed vector to a point');
    if (distance === 'Cosine' || distance === 'Dot') return size;
    throw new ProviderError('bad_request', this.account, `expected a collection with the distance Cosine or Dot, got: ${JSON.stringify(distance)}`);
  }

  /** Makes the collection and its payload indexes where they are missing. Interrupted, the next call goes on from there. */
  async ensure({ dimension, keywordFields, signal }: QdrantSchema): Promise<void> {
    const found = (this.#foundDimension ??= (await this.dimension(signal)) ?? (await this.#create(dimension, signal)));
    if (found !== dimension) {
      this.forget();
      throw new ProviderError('bad_request', this.account, `expected a collection of ${dimension} dimensions, got: ${found}`);
    }
    for (const field of keywordFields) {
      if (this.#indexedFields.has(field)) continue;
      await this.call({ method: 'PUT', path: '/index?wait=true', body: { field_name: field, field_schema: 'keyword' }, signal });
      this.#indexedFields.add(field);
    }
  }

  /** The next `ensure` looks again. */
  forget(): void {
    this.#foundDimension = undefined;
    this.#indexedFields.clear();
  }

  /** A success that does not hold what it must. */
  senseless(expected: string): ProviderError {
    return new ProviderError('bad_response', this.account, `expected an answer with ${expected}`);
  }

  async #create(dimension: number, signal: AbortSignal): Promise<number> {
    try {
      await this.call({ method: 'PUT', path: '', body: { vectors: { size: dimension, distance: 'Cosine' } }, signal });
      return dimension;
    } catch (error) {
      // Another process was faster: 409, in old versions 400.
      const found = error instanceof ProviderError && error.failure === 'bad_request' ? await this.dimension(signal) : undefined;
      if (found === undefined) throw error;
      return found;
    }
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

/** `{status: {error}}` is how Qdrant itself refuses. */
function errorMessage(body: unknown): string | undefined {
  const message = fieldOf(fieldOf(body, 'status'), 'error');
  return typeof message === 'string' ? message : undefined;
}
