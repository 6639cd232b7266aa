import { isClosed, permission, tellFuse } from '#agents/fuse/fuse.agent.ts';
import type { GuardOptions } from '#agents/governor/governor.agent.ts';
import { retryProvider, withTimeout } from '#agents/governor/governor.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { Stage } from '#src/ports/frame.ts';
import type { SearchRequest, SearchResult } from '#src/ports/store.ts';
import type { VectorMatch } from '#src/ports/vector-index.ts';
import type { DenseSearch, RetrievalParts } from './retrieval.ts';
import type { Settled } from './settled.ts';
import { settled } from './settled.ts';

/** What the fuse of the search by words guards. */
const LEXICAL_INDEX = 'lexical:fts5';
/** How many candidates each search gives where two are fused, and where a reranker has a say. */
const FUSED_CANDIDATES = 20;
const RERANKED_CANDIDATES = 50;

export interface Asking {
  readonly search: SearchRequest;
  /** For whom providers are asked. */
  readonly owner: string;
  readonly signal: AbortSignal;
  readonly show: (stage: Stage) => void;
}

/** What either search finds, or how it failed. */
export interface Searches {
  readonly words: Promise<Settled<SearchResult>>;
  readonly similar: Promise<Settled<readonly VectorMatch[]>>;
}

/** Begins both at the same time. */
export function beginSearches(parts: RetrievalParts, dense: DenseSearch, asking: Asking): Searches {
  return { words: settled(searchByWords(parts, asking.search)), similar: settled(searchByVectors(parts, dense, asking)) };
}

/** Rejects with RETRIEVAL_UNAVAILABLE where the store does not answer in time, or has failed too often. */
export async function searchByWords(parts: RetrievalParts, search: SearchRequest): Promise<SearchResult> {
  const { guards, store, limits } = parts;
  const { kernel } = guards;
  if (!isClosed(kernel, LEXICAL_INDEX)) await askFuse(guards);
  const limit = candidatesOf(parts, search.limit);
  try {
    const found = await within(kernel.clock, limits.searchMs, store.knowledge.search({ ...search, limit }));
    if (!isClosed(kernel, LEXICAL_INDEX)) tellFuse(kernel, LEXICAL_INDEX, 'succeeded');
    return found;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    tellFuse(kernel, LEXICAL_INDEX, 'melt');
    throw new ServiceError('RETRIEVAL_UNAVAILABLE', error.message, { cause: error });
  }
}

async function askFuse({ kernel, fuse }: GuardOptions): Promise<void> {
  const answer = await permission(kernel, LEXICAL_INDEX, fuse);
  if (answer.permitted) return;
  throw new ServiceError('RETRIEVAL_UNAVAILABLE', `the fuse of ${LEXICAL_INDEX} is open`, { retryAfterMs: answer.retryAfterMs });
}

function candidatesOf({ dense, rerankers }: RetrievalParts, limit: number): number {
  if (rerankers.length > 0) return Math.max(RERANKED_CANDIDATES, limit);
  return dense === undefined ? limit : Math.max(FUSED_CANDIDATES, 2 * limit);
}

/** Embeds the question and asks the index. Rejects with ProviderError, and with ServiceError as `dense.embed` does. */
async function searchByVectors(parts: RetrievalParts, dense: DenseSearch, { search, owner, signal, show }: Asking): Promise<readonly VectorMatch[]> {
  const { guards, store, limits } = parts;
  const { clock } = guards.kernel;
  const { filter, question: text, limit } = search;
  show('embedding');
  const vector = await dense.embed(text, { signal, deadlineMs: clock.now() + limits.embeddingMs, owner });
  show('retrieving');
  const { index } = dense;
  const space = index.space(store.tenant, store.knowledge.collection);
  const query = { vector, topK: candidatesOf(parts, limit), ...(filter === undefined ? {} : { filter }) };
  const call = { account: index.account, priority: 'live', owner, attempts: limits.attempts, deadlineMs: clock.now() + limits.searchMs } as const;
  return withTimeout(clock, signal, limits.searchMs, (timed) => retryProvider(guards, { ...call, signal: timed }, (inner) => space.query(query, inner)));
}

async function within<T>(clock: Clock, limitMs: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => reject(new ServiceError('ASK_TIMEOUT', `nothing was found within ${limitMs}ms`)), limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
