import type { Metadata, Source } from '#src/ports/answer.ts';
import type { KnowledgeStore } from '#src/ports/store.ts';
import type { VectorMatch } from '#src/ports/vector-index.ts';
import { fuseRanks } from '#src/rag/fuse-ranks.ts';
import { chunkIdOfVector } from '#src/rag/chunk-id.ts';

/** What the searches have found, best first. */
export interface Found {
  /** Undefined where nothing could be searched by words. */
  readonly words: readonly Source[] | undefined;
  readonly matches: readonly VectorMatch[];
  readonly filter: Metadata | undefined;
}

/**
 * The best `count` sources of both searches, fused by rank. The store is asked for those of them alone that the words
 * have not brought along; one that it does not hold any more makes room for the next. Rejects as the store does.
 */
export async function bestSources(knowledge: Pick<KnowledgeStore, 'sourcesOfVectors'>, { words, matches, filter }: Found, count: number): Promise<readonly Source[]> {
  const known = new Map([...matches.flatMap(foreignSource), ...(words ?? [])].map((source) => [source.id, source]));
  const vectorIds = new Map(matches.map((match) => [sourceId(match), match.id]));
  const similar = matches.map((match) => ({ id: sourceId(match), score: match.score }));
  let ranked = words === undefined ? similar : fuseRanks([words.map(({ id, score }) => ({ id, score })), similar]);
  for (;;) {
    const best = ranked.slice(0, count);
    const missing = best.flatMap(({ id }) => (known.has(id) ? [] : (vectorIds.get(id) ?? [])));
    if (missing.length === 0) return best.flatMap(({ id, score }) => withScore(known.get(id), score));
    for (const source of await knowledge.sourcesOfVectors(missing, filter)) known.set(source.id, source);
    const asked = new Set(best.map(({ id }) => id));
    ranked = ranked.filter(({ id }) => known.has(id) || !asked.has(id));
  }
}

function sourceId({ id, foreign }: VectorMatch): string {
  return foreign === undefined ? chunkIdOfVector(id) : id;
}

function foreignSource({ id, score, foreign }: VectorMatch): Source[] {
  return foreign === undefined ? [] : [{ id, document_id: id, score, ...foreign }];
}

function withScore(source: Source | undefined, score: number): Source[] {
  return source === undefined ? [] : [{ ...source, score }];
}
