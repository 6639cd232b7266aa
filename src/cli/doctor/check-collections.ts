import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '#config/schema.ts';
import { ServiceError } from '#src/errors.ts';
import { createEmbeddingModels } from '#src/providers/embedding-models.ts';
import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
import { knowledgeFile } from '#src/store/files.ts';
import { openDatabase, queryAll } from '#src/store/sqlite.ts';
import type { Finding } from './finding.ts';

/** A collection and the embedding model that its vectors were made with. */
export interface BoundCollection {
  readonly name: string;
  readonly embedding_model: string;
  readonly embedding_dimension: number;
}

/** Collections whose vectors another embedding model has made than the one of the settings; none where a service holds the data. */
export async function checkCollections(config: Config): Promise<readonly Finding[]> {
  const made = vectorsOf(config);
  return made === undefined ? [] : describeMismatches(await readCollections(resolve(config.dataDir)), made);
}

interface Vectors {
  readonly model: string;
  readonly dimension: number;
}

/** Undefined without an embedding model; a missing setting is told where the providers are asked. */
function vectorsOf(config: Config): Vectors | undefined {
  try {
    const [model] = createEmbeddingModels(config);
    return model === undefined ? undefined : { model: model.id, dimension: model.dimension };
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/** None where the file cannot be read: the check of the databases says why. */
async function readCollections(directory: string): Promise<readonly BoundCollection[]> {
  const file = knowledgeFile(directory);
  if (!existsSync(file)) return [];
  try {
    const lock = await lockDataDirectory(directory, { waitMs: 0 });
    try {
      return queryBound(file);
    } finally {
      lock.release();
    }
  } catch {
    return [];
  }
}

function queryBound(file: string): readonly BoundCollection[] {
  const database = openDatabase(file, { readOnly: true });
  try {
    return queryAll<BoundCollection>(database.prepare('select name, embedding_model, embedding_dimension from collection where embedding_model is not null'));
  } finally {
    database.close();
  }
}

export function describeMismatches(collections: readonly BoundCollection[], made: Vectors): readonly Finding[] {
  const others = collections.filter(({ embedding_model: model, embedding_dimension: dimension }) => model !== made.model || dimension !== made.dimension);
  return others.map(({ name, embedding_model: model, embedding_dimension: dimension }) => ({
    status: 'fail',
    subject: 'vectors',
    message: `those of the collection ${name} were made by ${model} with ${dimension} dimensions, and ${made.model} with ${made.dimension} is set`,
    advice: `set BANYAN_EMBEDDING_MODEL=${model} and BANYAN_EMBEDDING_DIMENSION=${dimension} again, or begin with an empty data directory`,
  }));
}
