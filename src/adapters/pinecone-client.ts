import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pinecone } from '@pinecone-database/pinecone';
import { failureOfSdk, fetchForSdk } from './sdk-fetch.ts';
import type { FetchTarget, SdkCall } from './sdk-fetch.ts';
import { networkFailure } from './wire/failure.ts';
import type { ProviderErrorFields } from './wire/request.ts';

export interface PineconeOptions {
  readonly apiKey: string;
  /** Of control and inference, `https://api.pinecone.io` when absent; with its scheme. */
  readonly controllerHost?: string;
}

/** Loads the SDK at its first call, and gives the same client from then on. */
export type PineconeClient = () => Promise<Pinecone>;

/** The SDK passes neither signal nor account to its fetch. */
const calls = new AsyncLocalStorage<SdkCall>();

/** Payment required: a limit of the plan or a bill. */
const QUOTA_STATUS = 402;

/** Every call of the client has to be made inside `pineconeCall`. */
export function createPineconeClient({ apiKey, controllerHost }: PineconeOptions): PineconeClient {
  let client: Promise<Pinecone> | undefined;
  return () => (client ??= load());

  async function load(): Promise<Pinecone> {
    const { Pinecone } = await import('@pinecone-database/pinecone');
    return new Pinecone({
      apiKey,
      ...(controllerHost === undefined ? {} : { controllerHostUrl: controllerHost }),
      maxRetries: 0,
      fetchApi: (url, init) => fetchForCall(url, init, apiKey),
    });
  }
}

/**
 * Makes one call of the SDK under `signal`, whose abort closes the socket in every phase. Rejects with ProviderError:
 * by status where the service answered, `bad_request` for what the SDK refuses to send, `bad_response` for an answer
 * that the SDK cannot read.
 */
export async function pineconeCall<T>(call: (context: Readonly<SdkCall>) => Promise<T>, signal: AbortSignal, account: string): Promise<T> {
  if (signal.aborted) throw networkFailure(account, signal.reason, signal);
  const context: SdkCall = { account, signal, errorOf };
  try {
    return await calls.run(context, call, context);
  } catch (error) {
    throw failureOfSdk(context, error);
  }
}

function errorOf(status: number): ProviderErrorFields | undefined {
  return status === QUOTA_STATUS ? { failure: 'quota' } : undefined;
}

async function fetchForCall(url: FetchTarget, init: RequestInit | undefined, apiKey: string): Promise<Response> {
  const call = calls.getStore();
  if (call === undefined) throw new TypeError('expected a call of the Pinecone SDK to be made inside pineconeCall');
  return await fetchForSdk(call, apiKey, url, init);
}
