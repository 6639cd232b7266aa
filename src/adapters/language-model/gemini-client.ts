import type { GoogleGenAI } from '@google/genai/web';
import { ProviderError } from '#src/ports/provider-error.ts';
import { checkApiKey } from '../api-key.ts';
import { untilAborted } from '../wire/abort.ts';
import { networkFailure } from '../wire/failure.ts';
import { refusalOf } from '../wire/request.ts';
import { geminiErrorFields } from './gemini-failure.ts';

/** Gemini through Google Cloud instead of by key. */
export interface VertexOptions {
  readonly project: string;
  /** A region, `us`, `eu` or `global`. */
  readonly location: string;
  /** Google's own chain (Application Default Credentials) is asked when absent. */
  readonly credentialsFile?: string;
}

export interface GeminiOptions {
  readonly model: string;
  /** Needed where `vertex` is absent. */
  readonly apiKey?: string;
  readonly vertex?: VertexOptions;
  /** Google's own when absent; the environment cannot change it. */
  readonly baseUrl?: string;
  /** @defaultValue v1beta by key, v1 with Vertex AI */
  readonly apiVersion?: string;
  /** Names the key or project in `account`, which is logged. @defaultValue key-1, or the project */
  readonly accountName?: string;
}

/** What is used of the SDK. */
export interface GeminiClient {
  readonly models: Pick<GoogleGenAI['models'], 'generateContentStream' | 'get'>;
}

export function geminiAccount({ model, vertex, accountName }: GeminiOptions): string {
  return `gemini/${accountName ?? vertex?.project ?? 'key-1'}/${model}`;
}

/**
 * Loads the SDK: by key its build for browsers, which is a third of the size and reads no environment. Requests go
 * through a fetch of our own, which takes the proxy, follows no redirect and throws refusals as ProviderError while
 * their headers are still there. Throws ProviderError `auth` for a key that is none.
 */
export async function createGeminiClient(options: GeminiOptions, account: string): Promise<GeminiClient> {
  const { apiKey, vertex } = options;
  if (vertex !== undefined) return createVertexClient(options, vertex, account);
  checkApiKey(apiKey ?? '', account);
  const { GoogleGenAI } = await import('@google/genai/web');
  return new GoogleGenAI({
    apiKey: apiKey ?? '',
    vertexai: false,
    apiVersion: options.apiVersion ?? 'v1beta',
    httpOptions: { baseUrl: options.baseUrl ?? 'https://generativelanguage.googleapis.com', fetch: checkedFetch(account) },
  });
}

async function createVertexClient(options: GeminiOptions, vertex: VertexOptions, account: string): Promise<GeminiClient> {
  const { GoogleGenAI } = await import('@google/genai/node');
  const { project, location, credentialsFile } = vertex;
  return new GoogleGenAI({
    vertexai: true,
    project,
    location,
    apiVersion: options.apiVersion ?? 'v1',
    httpOptions: { baseUrl: options.baseUrl ?? vertexUrl(location), fetch: checkedFetch(account) },
    // Without the project the chain would look for one, some kinds of credentials by a request.
    googleAuthOptions: { projectId: project, ...(credentialsFile === undefined ? {} : { keyFilename: credentialsFile }) },
  });
}

/** As Google's list of service endpoints has them. */
function vertexUrl(location: string): string {
  if (location === 'global') return 'https://aiplatform.googleapis.com';
  if (location === 'us' || location === 'eu') return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

function checkedFetch(account: string): typeof fetch {
  return async (input, init) => {
    const signal = init?.signal ?? new AbortController().signal;
    const response = await fetch(input, { ...init, redirect: 'manual' }).catch((error: unknown) => {
      throw networkFailure(account, error, signal);
    });
    if (response.ok) return response;
    throw await refusalOf({ account, signal, headers: headersOf(init?.headers), errorOf: geminiErrorFields }, response);
  };
}

function headersOf(headers: RequestInit['headers']): Record<string, string> {
  return Object.fromEntries(new Headers(headers));
}

/**
 * Runs what begins with a sign-in at Google, which takes no signal. Until it is done, only credentials can have failed:
 * they were refused, or the network did not let the question through. The library's errors hold tokens, so none is kept.
 */
export async function afterSignIn<T>(work: Promise<T>, account: string, signal: AbortSignal): Promise<T> {
  return await untilAborted(work, signal).catch((error: unknown) => {
    if (signal.aborted || error instanceof ProviderError) throw networkFailure(account, error, signal);
    const { status, code }: { readonly status?: unknown; readonly code?: unknown } = Object(error);
    if (typeof status === 'number' && status < 500) throw new ProviderError('auth', account, 'the sign-in at Google was refused', { status });
    if (typeof status === 'number') throw new ProviderError('unavailable', account, 'the sign-in at Google failed', { status });
    if (typeof code === 'string' && code.startsWith('E') && code !== 'ENOENT') throw new ProviderError('unavailable', account, `no connection to sign in at Google: ${code}`);
    throw new ProviderError('auth', account, 'no Google credentials to sign in with');
  });
}
