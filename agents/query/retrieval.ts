import { cached, keep } from '#agents/cache/cache.agent.ts';
import type { GuardOptions } from '#agents/governor/governor.agent.ts';
import { callProvider, withTimeout } from '#agents/governor/governor.agent.ts';
import type { Degraded, Source } from '#src/ports/answer.ts';
import type { Stage } from '#src/ports/frame.ts';
import type { Reranker } from '#src/ports/reranker.ts';
import type { KnowledgeStore, SearchResult, TenantStore } from '#src/ports/store.ts';
import type { VectorIndex } from '#src/ports/vector-index.ts';
import { bestSources } from './best-sources.ts';
import type { ExpectedSearches } from './expected-searches.ts';
import type { Flight } from './flight.ts';
import type { Question } from './question.ts';
import { beginSearches, searchByWords } from './searches.ts';
import { settled, valueOf } from './settled.ts';

export interface EvidenceStore extends Pick<TenantStore, 'tenant'> {
  readonly knowledge: Pick<KnowledgeStore, 'collection' | 'search' | 'sourcesOfVectors'>;
}

/** What there is to find evidence with. */
export interface RetrievalParts {
  readonly guards: GuardOptions;
  readonly store: EvidenceStore;
  /** Absent where texts are searched by words alone. */
  readonly dense?: DenseSearch;
  /** Where searches by both may have been begun before the question was opened. */
  readonly expected?: ExpectedSearches;
  /** The ways to the reranker, in order; none where the order of the search stays. */
  readonly rerankers: readonly Reranker[];
  readonly limits: RetrievalLimits;
}

export interface DenseSearch {
  readonly index: VectorIndex;
  /** The vector of a question. Rejects with ProviderError. */
  embed(text: string, call: EmbeddingCall): Promise<Float32Array>;
}

interface EmbeddingCall {
  readonly signal: AbortSignal;
  /** On the kernel's clock. */
  readonly deadlineMs: number;
  readonly owner: string;
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

/** How many candidates a reranker reads: its time and price grow with each. */
const RERANKED = 30;

/**
 * Finds the evidence: by words and by vectors at the same time, fused by rank, then reranked. What is missing of it is
 * left out and told. Rejects with RETRIEVAL_UNAVAILABLE when nothing can be searched.
 */
export async function retrieve(parts: RetrievalParts, question: Question, flight: Flight, signal: AbortSignal): Promise<Retrieved> {
  const { kernel } = parts.guards;
  const { sentSources } = question;
  if (sentSources !== undefined) return await findAgain(parts, question, flight, { sentSources, signal });
  const key = question.keys?.retrieval;
  const known = key === undefined ? undefined : cached<Retrieved>(kernel, 'retrieval', key);
  if (known !== undefined) return known;
  const found = await find(parts, question, flight, signal);
  const ranked = await rerank(parts, question, flight, { found, signal });
  const result = { ...ranked, sources: ranked.sources.slice(0, question.search.limit) };
  if (key !== undefined && result.degraded.length === 0) keep(kernel, 'retrieval', key, result);
  return result;
}

/** The question as the search understands it, with the evidence that its reader has. */
async function findAgain(parts: RetrievalParts, question: Question, flight: Flight, { sentSources, signal }: { sentSources: readonly Source[]; signal: AbortSignal }): Promise<Retrieved> {
  const found = await settled(find(parts, question, flight, signal));
  if ('error' in found) return { sources: sentSources, terms: [], statistics: undefined, degraded: ['lexical'] };
  return { ...found.value, sources: sentSources };
}

async function find(parts: RetrievalParts, question: Question, flight: Flight, signal: AbortSignal): Promise<Retrieved> {
  const { dense, store, expected } = parts;
  const { search, keys, owner } = question;
  if (dense === undefined) {
    flight.show('retrieving');
    return { ...(await searchByWords(parts, search)), degraded: [] };
  }
  const show = (stage: Stage): void => flight.show(stage);
  const begun = keys === undefined ? undefined : expected?.take(keys.retrieval, signal, show);
  const searches = begun ?? beginSearches(parts, dense, { search, owner, signal, show });
  const similar = await searches.similar;
  const words = await searches.words;
  if ('error' in similar) return { ...valueOf(words), degraded: ['vectors'] };
  const found = { words: 'error' in words ? undefined : words.value.sources, matches: similar.value, filter: search.filter };
  const best = await settled(bestSources(store.knowledge, found, wantedOf(parts, question)));
  if ('error' in best) return { ...valueOf(words), degraded: ['vectors'] };
  if ('error' in words) return { sources: best.value, terms: [], statistics: undefined, degraded: ['lexical'] };
  return { ...words.value, sources: best.value, degraded: [] };
}

/** How many sources are needed with their texts: those that are answered with, and those that a reranker reads. */
function wantedOf({ rerankers }: RetrievalParts, { options, search }: Question): number {
  return rerankers.length === 0 || options.rerank === false ? search.limit : Math.max(RERANKED, search.limit);
}

/** Lets the first reranker that answers order the best candidates; the others follow as they were. */
async function rerank(parts: RetrievalParts, { options, search, owner }: Question, flight: Flight, { found, signal }: { found: Retrieved; signal: AbortSignal }): Promise<Retrieved> {
  const { guards, rerankers, limits } = parts;
  if (rerankers.length === 0 || options.rerank === false || found.sources.length < 2) return found;
  flight.show('reranking');
  const { clock } = guards.kernel;
  const candidates = found.sources.slice(0, RERANKED);
  const deadlineMs = clock.now() + limits.rerankMs;
  const ranked = await withTimeout(clock, signal, limits.rerankMs, async (timed) => {
    for (const reranker of rerankers) {
      const call = { account: reranker.account, priority: 'live', owner, signal: timed, deadlineMs } as const;
      const judged = await settled(callProvider(guards, call, (inner) => reranker.rerank(search.question, candidates.map(textOf), inner)));
      if ('value' in judged) return inOrderOf(judged.value, candidates);
    }
    return undefined;
  });
  if (ranked !== undefined) return { ...found, sources: [...ranked, ...found.sources.slice(RERANKED)] };
  signal.throwIfAborted();
  return { ...found, degraded: [...found.degraded, 'reranker'] };
}

/** Best first. Throws TypeError where there is no score for one, which the port demands. */
function inOrderOf(scores: readonly number[], candidates: readonly Source[]): Source[] {
  const judged = candidates.map((source, at) => {
    const score = scores[at];
    if (score === undefined) throw new TypeError(`expected ${candidates.length} scores, got: ${scores.length}`);
    return { ...source, score };
  });
  return judged.sort((a, b) => b.score - a.score);
}

function textOf({ title, text }: Source): string {
  return `${title}\n\n${text}`;
}
