import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KnowledgeStore, NewDocument } from '#src/ports/store.ts';
import { DEFAULT_CHUNKING } from '#src/rag/chunk.ts';
import type { Benchmark } from '../benchmark.ts';
import { withKnowledge } from '../knowledge.ts';
import { SHARED_DATA } from '../shared-data.ts';
import { mean } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { ndcg } from './ndcg.ts';
import type { CollectionDocument, TestCollection } from './test-collection.ts';
import { readTestCollection } from './test-collection.ts';

const DEPTH = 10;
/** Enough for ten documents, however many chunks of one are found. */
const CHUNKS_PER_QUERY = 100;
const DOCUMENTS_PER_JOB = 500;
const SETS_WITH_TARGET = ['scifact', 'cranfield', 'cisi'];

/** How good the search is: nDCG@10 of the service's own chunks, analysis and index on public test collections. */
export const benchmark: Benchmark = {
  targets: { scifact_ndcg10: { min: 0.69 }, cranfield_ndcg10: { min: 0.365 }, cisi_ndcg10: { min: 0.375 } },
  measure: async ({ isQuick }) => {
    const directory = join(SHARED_DATA, 'retrieval');
    if (!existsSync(directory)) return { figures: {}, notes: [`nothing was measured: there is no ${directory}`] };
    const figures: Record<string, number> = {};
    for (const set of isQuick ? SETS_WITH_TARGET : readdirSync(directory).toSorted()) {
      figures[`${set.replaceAll('-', '_')}_ndcg10`] = await measureSet(readTestCollection(join(directory, set)));
    }
    return { figures, notes: isQuick ? ['only the sets with a target'] : [] };
  },
};

function measureSet(collection: TestCollection): Promise<number> {
  const { language } = collection;
  return withTemporaryDirectory((directory) =>
    withKnowledge({ directory, language }, async (knowledge) => {
      await index(knowledge, collection.documents);
      return meanNdcg(knowledge, collection);
    }),
  );
}

async function index(knowledge: KnowledgeStore, documents: readonly CollectionDocument[]): Promise<void> {
  const indexable = documents.filter(({ text, title }) => (title + text).trim() !== '').map(toDocument);
  for (let start = 0; start < indexable.length; start += DOCUMENTS_PER_JOB) {
    let job = await knowledge.createIndexJob(indexable.slice(start, start + DOCUMENTS_PER_JOB), DEFAULT_CHUNKING);
    while (job.endedAt === null) job = await knowledge.advanceJob(job.id);
    if (job.failures.length > 0) throw new Error(`not indexed: ${JSON.stringify(job.failures.slice(0, 3))}`);
  }
}

function toDocument({ id, title, text }: CollectionDocument): NewDocument {
  return title === '' ? { id, text } : { id, title, text: text.trim() === '' ? title : text };
}

/** The mean over the queries that have a positive judgment. */
async function meanNdcg(knowledge: KnowledgeStore, { queries, judgments, language }: TestCollection): Promise<number> {
  const values: number[] = [];
  for (const { id, text } of queries) {
    const judged = judgments.get(id);
    if (judged === undefined) continue;
    const { sources } = await knowledge.search({ question: text, limit: CHUNKS_PER_QUERY, language });
    const value = ndcg([...new Set(sources.map((source) => source.document_id))], judged, DEPTH);
    if (value !== undefined) values.push(value);
  }
  return mean(values);
}
