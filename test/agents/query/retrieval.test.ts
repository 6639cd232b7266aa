import { describe, expect, test } from 'vitest';
import { Flight } from '#agents/query/flight.ts';
import type { Question } from '#agents/query/question.ts';
import { retrieve } from '#agents/query/retrieval.ts';
import type { DenseSearch, EvidenceStore, RetrievalParts, Retrieved } from '#agents/query/retrieval.ts';
import { ServiceError } from '#src/errors.ts';
import type { Source } from '#src/ports/answer.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { Reranker } from '#src/ports/reranker.ts';
import type { VectorMatch, VectorQuery } from '#src/ports/vector-index.ts';
import { settled } from '../../support/simulated-clock.ts';
import { sourcesOf } from '../../support/sources.ts';
import { untilAborted } from '../embedder/memory-vectors.ts';
import type { Guards } from '../governor/guards.ts';
import { startGuards } from '../governor/guards.ts';

const SOURCES = sourcesOf('alpha', 'beta', 'gamma', 'delta');
const LIMITS = { searchMs: 100, embeddingMs: 100, rerankMs: 100, attempts: 2 };
const VECTOR = new Float32Array([1, 0]);

function source(id: string): Source {
  const found = SOURCES.find((each) => each.id === id);
  if (found === undefined) throw new TypeError(`no source is called ${id}`);
  return found;
}

interface Plan {
  /** Ids that the words find, or how that fails. */
  readonly words?: readonly string[] | Error;
  /** Ids that the vectors find. Without any there is no search by vectors. */
  readonly vectors?: readonly string[] | Error;
  readonly embedding?: Error;
  readonly foreign?: VectorMatch['foreign'];
  /** What the store says of sources that the vectors have found; a source when absent. */
  readonly stored?: (id: string) => Source | undefined;
  /** One for each reranker: its scores, in the order of what it is given, or how it fails. */
  readonly rerankers?: readonly ((documents: readonly string[], signal: AbortSignal) => readonly number[] | Promise<never>)[];
  /** In place of what the vectors find. */
  readonly index?: (signal: AbortSignal) => Promise<never>;
  readonly question?: Partial<Question['options'] & { readonly limit: number }>;
}

interface Run {
  readonly retrieved: Promise<Retrieved>;
  readonly queries: VectorQuery[];
  readonly limits: number[];
  readonly judged: string[][];
  /** What the store was asked for by the ids of vectors. */
  readonly fetched: string[][];
}

/** @param guards those of an earlier run, which remember what failed */
async function run(plan: Plan, guards?: Guards): Promise<Run> {
  const { guards: options } = guards ?? (await startGuards());
  const [queries, limits, judged, fetched]: [VectorQuery[], number[], string[][], string[][]] = [[], [], [], []];
  const { stored = source } = plan;
  const store: EvidenceStore = {
    tenant: 'default',
    knowledge: {
      collection: 'default',
      search: ({ limit }) => {
        limits.push(limit);
        const ids = orThrow(plan.words ?? []);
        return Promise.resolve({ sources: ids.map(source).slice(0, limit), terms: ['alpha'], statistics: { chunkCount: 4, documentFrequency: {} } });
      },
      sourcesOfVectors: async (ids) => {
        fetched.push([...ids]);
        return Promise.resolve(ids.flatMap((id) => stored(id) ?? []));
      },
    },
  };
  const rerankers: Reranker[] = (plan.rerankers ?? []).map((score, at) => ({
    id: `test:reranker-${at}`,
    account: `test/reranker-${at}`,
    batch: { maxItems: 100, maxBytes: 1e6 },
    rerank: async (_, documents, signal) => {
      judged.push([...documents]);
      return score(documents, signal);
    },
  }));
  const parts: RetrievalParts = { guards: options, store, rerankers, limits: LIMITS, ...(plan.vectors === undefined ? {} : { dense: denseOf(plan, queries) }) };
  const retrieved = retrieve(parts, questionOf(plan), new Flight(() => undefined), new AbortController().signal);
  retrieved.catch(() => undefined);
  return { retrieved, queries, limits, judged, fetched };
}

function denseOf({ vectors = [], embedding, foreign, index: broken }: Plan, queries: VectorQuery[]): DenseSearch {
  const matches = (): VectorMatch[] => orThrow(vectors).map((id, at) => ({ id, score: 1 - at / 10, ...(foreign === undefined ? {} : { foreign }) }));
  const space = {
    upsert: () => Promise.resolve(),
    query: (query: VectorQuery, signal: AbortSignal) => {
      queries.push(query);
      return broken === undefined ? Promise.resolve().then(matches) : broken(signal);
    },
    deleteByPrefix: () => Promise.resolve(),
    count: () => Promise.resolve(0),
  };
  const index = { id: 'test:index', account: 'test/index', batch: { maxItems: 100, maxBytes: 1e6 }, space: () => space, dimension: () => Promise.resolve(2) };
  return { index, embed: () => (embedding === undefined ? Promise.resolve(VECTOR) : Promise.reject(embedding)) };
}

function questionOf({ question = {} }: Plan): Question {
  const { limit = 3, ...options } = question;
  const search = { question: 'alpha?', limit, language: 'en', ...(options.filter === undefined ? {} : { filter: options.filter }) };
  return { text: 'alpha?', options, search, keys: undefined, candidates: [], temperature: 0, owner: 'session-1', deadlineMs: 30_000, sentText: '' };
}

function orThrow(ids: readonly string[] | Error): readonly string[] {
  if (ids instanceof Error) throw ids;
  return ids;
}

function down(account: string, retryAfterMs?: number): ProviderError {
  return retryAfterMs === undefined ? new ProviderError('auth', account, 'as the test says') : new ProviderError('rate_limited', account, 'later', { retryAfterMs });
}

/** Rerankers: the last document is the best one; refused for good; asked to wait longer than a question can. */
const backwards = (documents: readonly string[]): number[] => documents.map((_, at) => at);
function failing(): never {
  throw down('test/reranker-0');
}
function slow(_: readonly string[], signal: AbortSignal): Promise<never> {
  return untilAborted('test/reranker', signal);
}
function unavailable(): never {
  throw new ServiceError('STORE_UNAVAILABLE');
}
function busy(): never {
  throw down('test/reranker-0', 30_000);
}

async function outcome(plan: Plan): Promise<{ ids: string[]; degraded: readonly string[] }> {
  const { retrieved } = await run(plan);
  const { sources, degraded } = await retrieved;
  return { ids: sources.map(({ id }) => id), degraded };
}

describe('evidence is found', () => {
  test('by words alone where nothing else is switched on, which is not degraded', async () => {
    expect(await outcome({ words: ['s1', 's2'] })).toEqual({ ids: ['s1', 's2'], degraded: [] });
  });

  test('by words and vectors, fused by rank: what both find comes first', async () => {
    expect(await outcome({ words: ['s1', 's2', 's3'], vectors: ['s4', 's3'] })).toEqual({ ids: ['s3', 's1', 's4'], degraded: [] });
  });

  test('by vectors, with as many candidates as it takes and the filter of the question', async () => {
    const { retrieved, queries, limits } = await run({ words: ['s1'], vectors: ['s1'], question: { limit: 2, filter: { source: 'docs' } } });
    await retrieved;
    expect([queries, limits]).toEqual([[{ vector: VECTOR, topK: 20, filter: { source: 'docs' } }], [20]]);
  });

  test('with a search by words no larger than needed where there is no other judge', async () => {
    const { retrieved, limits } = await run({ words: ['s1'], question: { limit: 2 } });
    await retrieved;
    expect(limits).toEqual([2]);
  });

  test('in an index of somebody else, with its own texts', async () => {
    const foreign = { text: 'from elsewhere', title: 'Elsewhere', uri: null, metadata: { a: 1 } };
    const { retrieved } = await run({ words: [], vectors: ['other-1'], foreign });
    expect((await retrieved).sources).toMatchObject([{ id: 'other-1', document_id: 'other-1', ...foreign }]);
  });
});

describe('of what the vectors find, the store is asked', () => {
  test('for nothing that the words have found', async () => {
    const { retrieved, fetched } = await run({ words: ['s1', 's2', 's3'], vectors: ['s3', 's2'] });
    expect((await retrieved).sources.map(({ id }) => id)).toEqual(['s3', 's2', 's1']);
    expect(fetched).toEqual([]);
  });

  test('for the best alone', async () => {
    const { retrieved, fetched } = await run({ words: ['s1'], vectors: ['s1', 's2', 's3', 's4'], question: { limit: 2 } });
    expect((await retrieved).sources.map(({ id, text }) => [id, text])).toEqual([['s1', 'alpha'], ['s2', 'beta']]);
    expect(fetched).toEqual([['s2']]);
  });

  test('for as many as a reranker reads', async () => {
    const { retrieved, judged } = await run({ words: ['s1'], vectors: ['s2', 's3', 's4'], rerankers: [backwards], question: { limit: 1 } });
    await retrieved;
    expect(judged[0]).toHaveLength(4);
  });

  test('again where it does not hold some any more: the next come up', async () => {
    const gone = new Set(['s2', 's3']);
    const stored = (id: string): Source | undefined => (gone.has(id) ? undefined : source(id));
    const { retrieved, fetched } = await run({ words: ['s1'], vectors: ['s2', 's3', 's1', 's4'], stored, question: { limit: 3 } });
    expect((await retrieved).sources.map(({ id }) => id)).toEqual(['s1', 's4']);
    expect(fetched).toEqual([['s2', 's3'], ['s4']]);
  });

  test('and where it cannot tell, the words stand alone', async () => {
    expect(await outcome({ words: ['s1'], vectors: ['s2'], stored: unavailable })).toEqual({ ids: ['s1'], degraded: ['vectors'] });
  });
});

describe('time is kept by the clock of the kernel:', () => {
  test('an index that does not answer is left out after its time', async () => {
    const guards = await startGuards();
    const { retrieved } = await run({ words: ['s1'], vectors: [], index: (signal) => untilAborted('test/index', signal) }, guards);
    await guards.clock.advance(LIMITS.searchMs + 1);
    expect(await retrieved).toMatchObject({ sources: [{ id: 's1' }], degraded: ['vectors'] });
    expect(guards.clock.pendingTimers).toBe(0);
  });

  test('all rerankers together have the time of one', async () => {
    const guards = await startGuards();
    const { retrieved } = await run({ words: ['s1', 's2'], rerankers: [slow, slow] }, guards);
    await guards.clock.advance(LIMITS.rerankMs + 1);
    expect(await retrieved).toMatchObject({ sources: [{ id: 's1' }, { id: 's2' }], degraded: ['reranker'] });
    expect(guards.clock.pendingTimers).toBe(0);
  });
});

describe('what is missing is left out and told:', () => {
  test('the embedding or the index', async () => {
    expect(await outcome({ words: ['s1'], vectors: [], embedding: down('test/embedding') })).toEqual({ ids: ['s1'], degraded: ['vectors'] });
    expect(await outcome({ words: ['s1'], vectors: down('test/index') })).toEqual({ ids: ['s1'], degraded: ['vectors'] });
    expect(await outcome({ words: ['s1'], vectors: new ServiceError('EMBEDDING_MISMATCH') })).toEqual({ ids: ['s1'], degraded: ['vectors'] });
  });

  test('the words', async () => {
    const { retrieved } = await run({ words: new ServiceError('STORE_UNAVAILABLE'), vectors: ['s2', 's1'] });
    expect(await retrieved).toMatchObject({ sources: [{ id: 's2' }, { id: 's1' }], degraded: ['lexical'], terms: [], statistics: undefined });
  });

  test('the reranker', async () => {
    expect(await outcome({ words: ['s1', 's2'], rerankers: [failing] })).toEqual({ ids: ['s1', 's2'], degraded: ['reranker'] });
  });

  test('nothing can be searched', async () => {
    const { retrieved } = await run({ words: new ServiceError('STORE_UNAVAILABLE'), vectors: down('test/index') });
    await expect(retrieved).rejects.toMatchObject({ code: 'RETRIEVAL_UNAVAILABLE' });
  });

  test('but a fault of the program is thrown', async () => {
    const { retrieved } = await run({ words: ['s1'], vectors: new TypeError('oops') });
    await expect(retrieved).rejects.toThrow(TypeError);
  });
});

describe('a reranker', () => {
  test('reads titles and texts, and its order is the answer', async () => {
    const { retrieved, judged } = await run({ words: ['s1', 's2', 's3', 's4'], rerankers: [backwards] });
    expect((await retrieved).sources.map(({ id, score }) => [id, score])).toEqual([['s4', 3], ['s3', 2], ['s2', 1]]);
    expect(judged[0]).toEqual(['\n\nalpha', '\n\nbeta', '\n\ngamma', '\n\ndelta']);
  });

  test('that fails is followed by the next way to it', async () => {
    expect(await outcome({ words: ['s1', 's2'], rerankers: [failing, backwards] })).toEqual({ ids: ['s2', 's1'], degraded: [] });
  });

  test('is not asked where the question says so, or where there is nothing to order', async () => {
    const unwanted = await run({ words: ['s1', 's2'], rerankers: [backwards], question: { rerank: false } });
    const single = await run({ words: ['s1'], rerankers: [backwards] });
    expect([await unwanted.retrieved, await single.retrieved]).toMatchObject([{ degraded: [] }, { degraded: [] }]);
    expect([unwanted.judged, single.judged]).toEqual([[], []]);
  });

  test('that asked for more time than there is is not waited for', async () => {
    const guards = await startGuards();
    await (await run({ words: ['s1', 's2'], rerankers: [busy] }, guards)).retrieved;
    const { retrieved, judged } = await run({ words: ['s1', 's2'], rerankers: [backwards] }, guards);
    const late = settled().then(() => 'late');
    expect(await Promise.race([retrieved.then(({ degraded }) => degraded), late])).toEqual(['reranker']);
    expect(judged).toEqual([]);
  });
});
