import type { DatabaseSync } from 'node:sqlite';
import { CollectionRows } from './collections.ts';
import { DocumentRows } from './documents.ts';
import type { KnowledgeRead } from './events.ts';
import { JobRows } from './jobs.ts';
import { Search } from './search.ts';
import { VectorSources } from './vector-sources.ts';
import { VectorTaskRows } from './vector-tasks.ts';

/** The operations that read `knowledge.db`, one for each event. A collection that does not exist is an empty one. */
export class KnowledgeReader {
  readonly #collections: CollectionRows;
  readonly #documents: DocumentRows;
  readonly #jobs: JobRows;
  readonly #search: Search;
  readonly #vectorTasks: VectorTaskRows;
  readonly #vectorSources: VectorSources;

  constructor(database: DatabaseSync) {
    this.#collections = new CollectionRows(database);
    this.#documents = new DocumentRows(database);
    this.#jobs = new JobRows(database);
    this.#search = new Search(database, this.#collections);
    this.#vectorTasks = new VectorTaskRows(database);
    this.#vectorSources = new VectorSources(database);
  }

  read(event: KnowledgeRead): unknown {
    const collection = this.#collections.find(event);
    switch (event.type) {
      case 'search':
        return this.#search.search(collection, event.request);
      case 'get-document':
        return this.#documents.get(collection, event.document);
      case 'list-documents':
        return this.#documents.list(collection, event.page);
      case 'get-job':
        return this.#jobs.get(collection, event.job);
      case 'list-jobs':
        return this.#jobs.list(collection, event.page);
      case 'unfinished-jobs':
        return this.#jobs.unfinished(collection);
      case 'next-vector-tasks':
        return this.#vectorTasks.next(collection, event.limit);
      case 'vector-backlog':
        return this.#vectorTasks.backlog(collection);
      case 'sources-of-vectors':
        return this.#vectorSources.find(collection, event.ids, event.filter);
      default:
        return unknownEvent(event);
    }
  }
}

function unknownEvent(event: never): never {
  throw new TypeError(`the knowledge reader does not know the event ${JSON.stringify(event)}`);
}
