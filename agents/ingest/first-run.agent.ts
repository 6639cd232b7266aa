import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fromPromise } from 'xstate';
import type { NewDocument, TenantStore } from '#src/ports/store.ts';
import { DEFAULT_CHUNKING } from '#src/rag/chunk.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import type { Ingest } from './ingest.ts';

export interface FirstRunOptions {
  readonly store: TenantStore;
  readonly ingest: Ingest;
  /** The folder with the project's own guides. */
  readonly docs: URL;
}

/** Start function of the actor that gives an empty store the project's own guides, so that a first question has an answer. */
export function firstRunAgent({ store, ingest, docs }: FirstRunOptions): StartFunction {
  const seed = async (): Promise<void> => {
    if (!(await isEmpty(store))) return;
    const documents = await readGuides(docs);
    if (documents.length > 0) await ingest.index(documents, DEFAULT_CHUNKING);
  };
  return actor(fromPromise(seed));
}

async function isEmpty({ knowledge }: TenantStore): Promise<boolean> {
  const [documents, jobs] = await Promise.all([knowledge.listDocuments({ limit: 1 }), knowledge.listJobs({ limit: 1 })]);
  return documents.items.length === 0 && jobs.items.length === 0;
}

/** As `banyan seed` reads them, so that seeding the folder again changes nothing. Decisions are for developers. */
async function readGuides(docs: URL): Promise<NewDocument[]> {
  const folder = fileURLToPath(docs);
  const paths = await Array.fromAsync(glob('**/*.md', { cwd: folder, exclude: ['decisions/**'] }));
  const read = async (path: string): Promise<NewDocument> => {
    const metadata = { source: 'docs', path: `docs/${path}` };
    return { id: `docs/${path}`, text: await readFile(new URL(path, docs), 'utf8'), uri: `docs/${path}`, metadata };
  };
  return Promise.all(paths.sort().map(read));
}
