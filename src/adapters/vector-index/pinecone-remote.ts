import type { Index, Pinecone } from '@pinecone-database/pinecone';
import { pineconeCall } from '#src/adapters/pinecone-client.ts';
import type { PineconeClient } from '#src/adapters/pinecone-client.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

/** In which a higher score is a nearer vector. */
const METRICS: ReadonlySet<string> = new Set(['cosine', 'dotproduct']);

interface Description {
  readonly host: string;
  readonly dimension: number;
}

export interface PineconeRemoteOptions {
  readonly name: string;
  readonly client: PineconeClient;
  /** Asked for by name when undefined. */
  readonly host: string | undefined;
}

/** The call of the SDK, and what stood on the wire: the SDK takes any answer for a success. */
interface Answer<T> {
  readonly value: T;
  readonly wire: Readonly<Record<string, unknown>>;
}

/** One index of Pinecone's: where it is, what it is, and calls to it. */
export class PineconeRemote {
  readonly account: string;
  readonly #name: string;
  readonly #client: PineconeClient;
  readonly #host: string | undefined;
  #foundHost: string | undefined;
  /** The one that was asked last: making one takes a tenth of a millisecond, and most questions go where the last one went. */
  #lastIndex: { readonly host: string; readonly namespace: string; readonly index: Index } | undefined;

  constructor({ name, client, host }: PineconeRemoteOptions) {
    this.account = `pinecone/${name}`;
    this.#name = name;
    this.#client = client;
    this.#host = host;
  }

  async dimension(signal: AbortSignal): Promise<number> {
    if (this.#host === undefined) return (await this.#describe(signal)).dimension;
    const { value, wire } = await this.call('', (index) => index.describeIndexStats(), signal);
    if (wire['namespaces'] === undefined) throw this.senseless('the statistics of the index');
    if (typeof wire['metric'] === 'string') this.#checkMetric(wire['metric']);
    if (value.dimension !== undefined && value.dimension > 0) return value.dimension;
    throw new ProviderError('bad_request', this.account, 'expected a dense index, got: one without a dimension');
  }

  /** Makes one request to the index, behind the one that asks for its host the first time. */
  async call<T>(namespace: string, run: (index: Index) => Promise<T>, signal: AbortSignal): Promise<Answer<T>> {
    const host = this.#host ?? (this.#foundHost ??= (await this.#describe(signal)).host);
    try {
      return await pineconeCall(
        async (context) => {
          const value = await run(await this.#indexAt(host, namespace));
          return { value, wire: fieldsOf(context.body) };
        },
        signal,
        this.account,
      );
    } catch (error) {
      // The index may have been made anew, at another host.
      if (error instanceof ProviderError && (error.failure === 'not_found' || error.failure === 'unavailable')) this.#foundHost = undefined;
      throw error;
    }
  }

  /** A success that does not hold what it must. */
  senseless(expected: string): ProviderError {
    return new ProviderError('bad_response', this.account, `expected an answer with ${expected}`);
  }

  async #indexAt(host: string, namespace: string): Promise<Index> {
    const last = this.#lastIndex;
    if (last?.host === host && last.namespace === namespace) return last.index;
    const [{ Index }, client] = await Promise.all([import('@pinecone-database/pinecone'), this.#client()]);
    const index = new Index({ host, namespace }, client.getConfig());
    this.#lastIndex = { host, namespace, index };
    return index;
  }

  async #describe(signal: AbortSignal): Promise<Description> {
    const { host, dimension, metric } = await pineconeCall(async () => await describeIndex(await this.#client(), this.#name), signal, this.account);
    if (typeof host !== 'string' || host === '') throw this.senseless('the host of the index');
    if (dimension.outcome === 'error' && dimension.failure.reason === 'still-initializing') {
      throw new ProviderError('unavailable', this.account, 'the index is not ready yet');
    }
    if (dimension.outcome !== 'value') throw new ProviderError('bad_request', this.account, 'expected a dense index, got: one without a dimension');
    this.#checkMetric(metric.outcome === 'value' ? metric.value : 'none');
    return { host, dimension: dimension.value };
  }

  #checkMetric(metric: string): void {
    if (METRICS.has(metric)) return;
    throw new ProviderError('bad_request', this.account, `expected an index with the metric cosine or dotproduct, got: ${metric}`);
  }
}

async function describeIndex(client: Pinecone, name: string) {
  const { deriveDimension, deriveMetric } = await import('@pinecone-database/pinecone');
  const model = await client.describeIndex(name);
  return { host: model.host, dimension: deriveDimension(model), metric: deriveMetric(model) };
}

/** Of a body that the SDK has read. */
function fieldsOf(body: string | undefined): Readonly<Record<string, unknown>> {
  const wire: unknown = body === undefined || body === '' ? {} : JSON.parse(body);
  return typeof wire === 'object' && wire !== null ? { ...wire } : {};
}
