import { cached, keep } from '#agents/cache/cache.agent.ts';
import { permission, tellFuse } from '#agents/fuse/fuse.agent.ts';
import type { GuardOptions } from '#agents/governor/governor.agent.ts';
import { callProvider, retryProvider } from '#agents/governor/governor.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { Degraded, Source } from '#src/ports/answer.ts';
import type { Clock } from '#src/ports/clock.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { Reranker } from '#src/ports/reranker.ts';
import type { KnowledgeStore, SearchResult, TenantStore } from '#src/ports/store.ts';
import type { VectorIndex } from '#src/ports/vector-index.ts';
import { fuseRanks } from '#src/rag/fuse-ranks.ts';
import type { Flight } from './flight.ts';
import type { Question } from './question.ts';

export interface EvidenceStore extends Pick<TenantStore, 'tenant'> {
  readonly knowledge: Pick<KnowledgeStore, 'search' | 'sourcesOfVectors'>;
}

/** What there is to find evidence with. */
export interface RetrievalParts {
  readonly guards: GuardOptions;
  readonly store: EvidenceStore;
  /** Absent where texts are searched by words alone. */
  readonly dense?: DenseSearch;
  /** The ways to the reranker, in order; none where the order of the search stays. */
  readonly rerankers: readonly Reranker[];
  readonly limits: RetrievalLimits;
}

export interface DenseSearch {
  readonly index: VectorIndex;
  /** The vector of a question. Rejects with ProviderError. */
  embed(text: string, call: { readonly signal: AbortSignal; readonly deadlineMs: number; readonly owner: string }): Promise<Float32Array>;
}

export interface RetrievalLimits {
  readonly searchMs: number;
  readonly embeddingMs: number;
  readonly rerankMs: number;
  /** How often a call to a provider is tried. */
  readonly attempts: number;
}

/** The evidence of a question, and what was missing when it was found. */
export interface Retrieved extends Omit<SearchResult, 'statistics'> {
  /** Absent when nothing could be searched by words. */
  readonly statistics: SearchResult['statistics'] | undefined;
  readonly degraded: readonly Degraded[];
}

/** What the fuse of the search by words guards. */
const LEXICAL_INDEX = 'lexical:fts5';
/** How many candidates each search gives where two are fused, and where a reranker has a say. */
const FUSED_CANDIDATES = 20;
const RERANKED_CANDIDATES = 50;
/** How many of them a reranker reads: its time and price grow with each. */
const RERANKED = 30;
const COLLECTION = 'default';

/**
 * Finds the evidence: by words and by vectors at the same time, fused by rank, then reranked. What is missing of it is
 * left out and told. Rejects with RETRIEVAL_UNAVAILABLE when nothing can be searched.
 */
export async function retrieve(parts: RetrievalParts, question: Question, flight: Flight, signal: AbortSignal): Promise<Retrieved> {
  const { kernel } = parts.guards;
  const key = question.keys?.retrieval;
  const known = key === undefined ? undefined : cached<Retrieved>(kernel, 'retrieval', key);
  if (known !== undefined) return known;
  const found = await find(parts, question, flight, signal);
  const ranked = await rerank(parts, question, flight, { found, signal });
  const result = { ...ranked, sources: ranked.sources.slice(0, question.search.limit) };
  if (key !== undefined && result.degraded.length === 0) keep(kernel, 'retrieval', key, result);
  return result;
}

async function find(parts: RetrievalParts, question: Question, flight: Flight, signal: AbortSignal): Promise<Retrieved> {
  const lexical = settled(searchByWords(parts, question));
  if (parts.dense === undefined) flight.show('retrieving');
  const dense = parts.dense === undefined ? undefined : await settled(searchByVectors(parts, parts.dense, { question, flight, signal }));
  const words = await lexical;
  if (dense === undefined || 'error' in dense) {
    if ('error' in words) throw words.error;
    return { ...words.value, degraded: dense === undefined ? [] : ['vectors'] };
  }
  if ('error' in words) return { sources: dense.value, terms: [], statistics: undefined, degraded: ['lexical'] };
  return { ...words.value, sources: fuseRanks([words.value.sources, dense.value]), degraded: [] };
}

async function searchByWords({ guards, store, limits, dense, rerankers }: RetrievalParts, { search }: Question): Promise<SearchResult> {
  const { kernel, fuse } = guards;
  const answer = await permission(kernel, LEXICAL_INDEX, fuse);
  if (!answer.permitted) {
    throw new ServiceError('RETRIEVAL_UNAVAILABLE', `the fuse of ${LEXICAL_INDEX} is open`, { retryAfterMs: answer.retryAfterMs });
  }
  const limit = candidatesOf({ dense, rerankers }, search.limit);
  try {
    const found = await within(kernel.clock, limits.searchMs, store.knowledge.search({ ...search, limit }));
    tellFuse(kernel, LEXICAL_INDEX, 'succeeded');
    return found;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    tellFuse(kernel, LEXICAL_INDEX, 'melt');
    throw new ServiceError('RETRIEVAL_UNAVAILABLE', error.message, { cause: error });
  }
}

function candidatesOf({ dense, rerankers }: { dense: DenseSearch | undefined; rerankers: readonly Reranker[] }, limit: number): number {
  if (rerankers.length > 0) return Math.max(RERANKED_CANDIDATES, limit);
  return dense === undefined ? limit : Math.max(FUSED_CANDIDATES, 2 * limit);
}

interface Asking {
  readonly question: Question;
  readonly flight: Flight;
  readonly signal: AbortSignal;
}

async function searchByVectors({ guards, store, limits, rerankers }: RetrievalParts, dense: DenseSearch, asking: Asking): Promise<readonly Source[]> {
  const { question, flight, signal } = asking;
  const { clock } = guards.kernel;
  const { filter, question: text, limit } = question.search;
  flight.show('embedding');
  const embedSignal = AbortSignal.any([signal, AbortSignal.timeout(limits.embeddingMs)]);
  const vector = await dense.embed(text, { signal: embedSignal, deadlineMs: clock.now() + limits.embeddingMs, owner: question.owner });
  flight.show('retrieving');
  const searchSignal = AbortSignal.any([signal, AbortSignal.timeout(limits.searchMs)]);
  const call = { account: dense.index.account, priority: 'live', owner: question.owner, signal: searchSignal } as const;
  const space = dense.index.space(store.tenant, COLLECTION);
  const query = { vector, topK: candidatesOf({ dense, rerankers }, limit), ...(filter === undefined ? {} : { filter }) };
  const matches = await retryProvider(guards, { ...call, attempts: limits.attempts, deadlineMs: clock.now() + limits.searchMs }, (inner) => space.query(query, inner));
  const foreign = matches.flatMap(({ id, score, foreign: content }) => (content === undefined ? [] : [{ id, document_id: id, score, ...content }]));
  if (foreign.length > 0) return foreign;
  return store.knowledge.sourcesOfVectors(matches.map(({ id }) => id), filter);
}

/** Lets the first reranker that answers order the best candidates; the others follow as they were. */
async function rerank(parts: RetrievalParts, { options, search, owner }: Question, flight: Flight, { found, signal }: { found: Retrieved; signal: AbortSignal }): Promise<Retrieved> {
  const { guards, rerankers, limits } = parts;
  if (rerankers.length === 0 || options.rerank === false || found.sources.length < 2) return found;
  flight.show('reranking');
  const candidates = found.sources.slice(0, RERANKED);
  const rest = found.sources.slice(RERANKED);
  const timed = AbortSignal.any([signal, AbortSignal.timeout(limits.rerankMs)]);
  const deadlineMs = guards.kernel.clock.now() + limits.rerankMs;
  for (const reranker of rerankers) {
    const call = { account: reranker.account, priority: 'live', owner, signal: timed, deadlineMs } as const;
    const judged = await settled(callProvider(guards, call, (inner) => reranker.rerank(search.question, candidates.map(textOf), inner)));
    if ('error' in judged) continue;
    const ranked = candidates.map((source, index) => ({ ...source, score: judged.value[index] ?? 0 })).sort((a, b) => b.score - a.score);
    return { ...found, sources: [...ranked, ...rest] };
  }
  signal.throwIfAborted();
  return { ...found, degraded: [...found.degraded, 'reranker'] };
}

function textOf({ title, text }: Source): string {
  return `${title}\n\n${text}`;
}

type Settled<T> = { readonly value: T } | { readonly error: Error };

/** What failed by design is a result to go on from; a fault of the program is thrown. */
async function settled<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work };
  } catch (error) {
    if (error instanceof ServiceError || error instanceof ProviderError) return { error };
    throw error;
  }
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
