import type { NewDocument } from '#src/ports/store.ts';
import type { FileFailure } from './find-files.ts';
import type { ReadOptions, ReadResult } from './read-document.ts';
import { readDocument } from './read-document.ts';

export interface BatchLimits {
  readonly maxDocuments: number;
  /** Of the texts in UTF-16 units. A single document may be larger: it then goes alone. */
  readonly maxCharacters: number;
}

export interface Batch {
  readonly documents: readonly NewDocument[];
  /** The files read for this batch that are no documents. */
  readonly failures: readonly FileFailure[];
}

/** Files read ahead of the one whose turn it is. */
const READ_AHEAD = 16;

/** Reads the files in order, a few at a time, and gives them in batches within the limits, the last one included. */
export async function* readBatches(paths: readonly string[], options: ReadOptions & BatchLimits): AsyncGenerator<Batch> {
  let documents: NewDocument[] = [];
  let failures: FileFailure[] = [];
  let characters = 0;
  for await (const [path, result] of readInOrder(paths, options)) {
    if (!result.ok) {
      failures.push({ path, reason: result.reason });
      continue;
    }
    const { document } = result;
    const isFull = documents.length >= options.maxDocuments || characters + document.text.length > options.maxCharacters;
    if (isFull && documents.length > 0) {
      yield { documents, failures };
      [documents, failures, characters] = [[], [], 0];
    }
    documents.push(document);
    characters += document.text.length;
  }
  if (documents.length + failures.length > 0) yield { documents, failures };
}

async function* readInOrder(paths: readonly string[], options: ReadOptions): AsyncGenerator<readonly [string, ReadResult]> {
  const reading: (readonly [string, Promise<ReadResult>])[] = [];
  let next = 0;
  while (next < paths.length || reading.length > 0) {
    for (const path of paths.slice(next, next + READ_AHEAD - reading.length)) {
      reading.push([path, readDocument(path, options)]);
      next += 1;
    }
    const first = reading.shift();
    if (first !== undefined) yield [first[0], await first[1]];
  }
}
